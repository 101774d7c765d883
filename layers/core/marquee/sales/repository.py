"""Sales and ingests in DynamoDB. The only place of this domain that knows it."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

import orjson
from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.errors import Conflict, Throttled
from marquee.sales import months, rules, totals
from marquee.sales.ingests import ledger
from marquee.sales.models import DayRow, Head, Item, SourceKind
from marquee.sales.months import MonthPart
from marquee.settings import settings

_BATCH = 25
_BATCH_ATTEMPTS = 8
_HEAD = "HEAD"
CLEARED = "CLEARED#"
"""Sort keys of the heads that clears have replaced: this, and the clear's id."""
_META = "META"
_COMMITTED = "COMMITTED"
_MAPPING = "MAPPING"


# --- an event's sales -------------------------------------------------------------------------------------------------


def head(tenant: str, eid: str) -> Head:
    """The event's head as of now (consistent); the empty head where nothing has been committed."""
    item = ddb.get(settings().sales_table, keys.event(tenant, eid), _HEAD)
    if item is None:
        return rules.empty_head()
    return _head_of(item)


def _head_of(item: Item) -> Head:
    stored: Head = orjson.loads(item["doc"])
    stored["version"] = item["version"]
    return stored


def head_item(tenant: str, eid: str, head: Head) -> Item:
    """The item that an event's head is stored as; the index by tenant finds it."""
    stored = {name: value for name, value in head.items() if name != "version"}
    return {
        "pk": keys.event(tenant, eid),
        "sk": _HEAD,
        "tpk": f"T#{tenant}",
        "tsk": eid,
        "version": head["version"],
        "doc": orjson.dumps(stored).decode(),
        "updated_at": head["updated_at"],
    }


def heads(tenant: str, eids: Iterable[str]) -> dict[str, Head]:
    """The heads of several events as of now, by event; those without sales are left out."""
    wanted = [(keys.event(tenant, eid), _HEAD) for eid in eids]
    found = ddb.batch_get(settings().sales_table, wanted, consistent=True)
    return {keys.tenant_and_eid(item["pk"])[1]: _head_of(item) for item in found}


def unchanged(tenant: str, eid: str, version: int) -> dict[str, Any]:
    """A transaction's condition that the event's head is still at this version (0: there is none)."""
    check: dict[str, Any] = {"TableName": settings().sales_table, "ConditionExpression": "attribute_not_exists(pk)"}
    if version:
        check["ConditionExpression"] = "version = :version"
        check["ExpressionAttributeValues"] = ddb.to_item({":version": version})
    return {"ConditionCheck": {**check, "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": _HEAD})}}


def events_with_sales(tenant: str, after: str | None = None) -> Iterator[str]:
    """The tenant's events that something was ever committed for, a moment ago at the latest, in the order of ids."""
    query = {
        "TableName": settings().sales_table,
        "IndexName": "by_tenant",
        "KeyConditionExpression": "tpk = :pk" + (" AND tsk > :after" if after else ""),
        "ExpressionAttributeValues": ddb.to_item({":pk": f"T#{tenant}"} | ({":after": after} if after else {})),
    }
    return (str(item["tsk"]) for item in _pages(query))


def cleared_heads(tenant: str, eid: str) -> list[Head]:
    """The heads that clears have replaced and that can still be undone."""
    query = {
        "TableName": settings().sales_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, eid), ":sk": CLEARED}),
    }
    return [_head_of(item) for item in _pages(query)]


def moving(tenant: str, eid: str, before: Head, after: Head) -> list[dict[str, Any]]:
    """A transaction's writes that move the head from `before`, as it was read, to `after`, its own write first."""
    base = before["version"]
    at_base: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if base:
        at_base = {"ConditionExpression": "version = :base", "ExpressionAttributeValues": ddb.to_item({":base": base})}
    item = ddb.to_item(head_item(tenant, eid, after))
    put = {"TableName": settings().sales_table, "Item": item, **at_base}
    return [{"Put": put}, *totals.updates(tenant, eid, before, after)]


def commit(tenant: str, eid: str, before: Head, after: Head) -> bool:
    """Move the head from `before`, as it was read, to `after`, and the tenant's totals with it.

    False, and nothing written, where the head has moved on since.
    """
    return not ddb.transact(moving(tenant, eid, before, after))


def stage(tenant: str, eid: str, source: str, name: str, parts: Iterable[MonthPart]) -> None:
    """Write month items, invisible until the stage called `name` is committed."""
    pk = keys.event(tenant, eid)
    items = (
        {"pk": pk, "sk": rules.month_key(part.month, source, name, part.part), "data": part.data} for part in parts
    )
    _batch_write({"PutRequest": {"Item": ddb.to_item(item)}} for item in items)


def list_under(tenant: str, ingest_id: str, generations: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """List an ingest among those of several events, each with the generation of it that the ingest belongs to.

    What is listed is the ingest as it is stored, with `values`; repeatable.
    """
    stored = ingest(tenant, ingest_id) or {}
    items = (
        {
            **stored,
            **values,
            "sk": f"E#{eid}",
            "eid": eid,
            "generation": generation,
            "epk": f"T#{tenant}#E#{eid}",
            "events": [],
        }
        for eid, generation in generations.items()
    )
    _batch_write(({"PutRequest": {"Item": ddb.to_item(item)}} for item in items), settings().ledger_table)


def discard(tenant: str, eid: str, sort_keys: Iterable[str]) -> None:
    """Delete month items that can never become visible."""
    pk = keys.event(tenant, eid)
    _batch_write({"DeleteRequest": {"Key": ddb.to_item({"pk": pk, "sk": sk})}} for sk in sort_keys)


def _batch_write(requests: Iterable[dict[str, Any]], into: str | None = None) -> None:
    """BatchWriteItem in groups of 25, sending again what was not processed. Raises Throttled when that does not end."""
    table = into or settings().sales_table
    source = iter(requests)
    while waiting := list(islice(source, _BATCH)):
        for attempt in range(_BATCH_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, not a secret
            try:
                answer = ddb.aws_client("dynamodb").batch_write_item(RequestItems={table: waiting})
            except ClientError as error:
                raise ddb.translate(error) from error
            waiting = answer.get("UnprocessedItems", {}).get(table, [])
            if not waiting:
                break
        else:
            raise Throttled("store.throttled", "The store is busy. Try again in a moment.", retry_after=1)


def day_rows(
    tenant: str, eid: str, of: Head, since: date | None = None, until: date | None = None
) -> Iterator[tuple[SourceKind, DayRow]]:
    """Day rows that readers of the head `of` see, with the kind of their source, from whole months.

    Reads are consistent: the items of a commit are there before its head is.
    """
    query: dict[str, Any] = {
        "TableName": settings().sales_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": ddb.to_item(
            {
                ":pk": keys.event(tenant, eid),
                ":first": f"S#{since.isoformat()[:7] if since else ''}",
                ":last": f"S#{until.isoformat()[:7] if until else ''}~",
            }
        ),
    }
    for item in _pages(query):
        month, source, stage_name = rules.parse_month_key(item["sk"])
        if rules.is_visible(of, source, stage_name):
            kind = of["visible"][source]["kind"]
            for row in months.unpack(month, item["data"]):
                yield kind, row


def _pages(query: dict[str, Any]) -> Iterator[Item]:
    while True:
        try:
            answer = ddb.aws_client("dynamodb").query(**query)
        except ClientError as error:
            raise ddb.translate(error) from error
        yield from map(ddb.from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


# --- ingests ----------------------------------------------------------------------------------------------------------


def ingest(tenant: str, ingest_id: str) -> Item | None:
    """The stored ingest, or None."""
    return ddb.get(settings().ledger_table, ledger.partition(tenant, ingest_id), _META)


def register(
    tenant: str, ingest_id: str, values: Mapping[str, Any], created_at: str, generations: Sequence[str]
) -> bool:
    """Create the ingest, or start it again, keeping when it was first seen.

    False where it is committed already, in one of the event's present `generations`.

    The execution is noted with it, so that whoever stops the execution finds the ingest. Raises Conflict for an
    execution that was stopped: nothing is started then.
    """
    first = {
        "created_at": created_at,
        "epk": f"T#{tenant}#E#{values['eid']}",
        "esk": f"{created_at}#{ingest_id}",
    }
    clause, names, attributes = ddb.set_expression(values)
    for index, (name, value) in enumerate(first.items()):
        names[f"#f{index}"] = name
        attributes[f":f{index}"] = ddb.to_attribute(value)
        clause += f", #f{index} = if_not_exists(#f{index}, :f{index})"
    names["#g"] = "generation"
    present = {f":g{index}": {"S": one} for index, one in enumerate(generations)}
    condition = f"attribute_not_exists(pk) OR #s <> :s OR NOT #g IN ({', '.join(present)})"
    opening = _change(tenant, ingest_id, clause, names, attributes | present, condition=condition)
    noting = {
        **_execution_item(tenant, values["execution"]),
        "UpdateExpression": "SET ingest_id = :ingest",
        "ConditionExpression": "attribute_not_exists(stopped_at)",
        "ExpressionAttributeValues": ddb.to_item({":ingest": ingest_id}),
    }
    reasons = ddb.transact([{"Update": opening}, {"Update": noting}])
    if not reasons:
        return True
    if reasons[0] == "ConditionalCheckFailed":
        return False
    raise Conflict("execution.cancelled", "This execution was cancelled.")


def commit_with_ingest(
    tenant: str, eid: str, before: Head, after: Head, ingest_id: str, values: Mapping[str, Any]
) -> bool:
    """Move the head from `before`, as it was read, to `after` and write an ingest that is complete, in one transaction.

    False, and nothing written, where the head has moved on since, or the ingest is there already.
    """
    item = {
        "pk": ledger.partition(tenant, ingest_id),
        "sk": _META,
        "epk": f"T#{tenant}#E#{eid}",
        "esk": f"{values['created_at']}#{ingest_id}",
        **values,
    }
    noting = {
        "TableName": settings().ledger_table,
        "Item": ddb.to_item(item),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return not ddb.transact([*moving(tenant, eid, before, after), {"Put": noting}])


def stop(tenant: str, execution: str, now: str) -> str | None:
    """Note that an execution was stopped: from now on it opens no ingest. Gives the one it has opened, if any."""
    noting = {
        **_execution_item(tenant, execution),
        "UpdateExpression": "SET stopped_at = if_not_exists(stopped_at, :now)",
        "ExpressionAttributeValues": ddb.to_item({":now": now}),
    }
    ddb.transact([{"Update": noting}])
    item = ddb.get(settings().ledger_table, ledger.execution_partition(tenant, execution), _META)
    return item.get("ingest_id") if item else None


def _execution_item(tenant: str, execution: str) -> dict[str, Any]:
    key = {"pk": ledger.execution_partition(tenant, execution), "sk": _META}
    return {"TableName": settings().ledger_table, "Key": ddb.to_item(key)}


def parsed(tenant: str, ingest_id: str, columns: str) -> None:
    """Record that an ingest's rows were read. Of one that has ended meanwhile only the columns are noted."""
    clause, names, attributes = ddb.set_expression({"columns": columns, "status": "PARSED"})
    states = {f":o{index}": {"S": status} for index, status in enumerate(rules.OPEN)}
    still_open = f"#s <> :s AND #s IN ({', '.join(states)})"
    if not _update(tenant, ingest_id, clause, names, attributes | states, condition=still_open):
        update(tenant, ingest_id, {"columns": columns})


def end(tenant: str, ingest_id: str, execution: str, values: Mapping[str, Any]) -> bool:
    """Close an ingest. False, and nothing written, where it has ended, or is another execution's by now."""
    clause, names, attributes = ddb.set_expression(values)
    states = {f":o{index}": {"S": status} for index, status in enumerate(rules.OPEN)}
    attributes |= states | {":x": {"S": execution}}
    own = f"#s <> :s AND #s IN ({', '.join(states)}) AND #x = :x"
    return _update(tenant, ingest_id, clause, names | {"#x": "execution"}, attributes, condition=own)


def update(tenant: str, ingest_id: str, values: Mapping[str, Any]) -> bool:
    """Record how an ingest goes. False, and nothing written, where it is committed already."""
    return _update(tenant, ingest_id, *ddb.set_expression(values), condition="attribute_exists(pk) AND #s <> :s")


def _update(
    tenant: str, ingest_id: str, clause: str, names: dict[str, str], attributes: dict[str, Any], *, condition: str
) -> bool:
    try:
        ddb.aws_client("dynamodb").update_item(
            **_change(tenant, ingest_id, clause, names, attributes, condition=condition)
        )
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True


def _change(
    tenant: str, ingest_id: str, clause: str, names: dict[str, str], attributes: dict[str, Any], *, condition: str
) -> dict[str, Any]:
    """An update of an ingest; in its condition ``#s`` is the status and ``:s`` COMMITTED."""
    return {
        "TableName": settings().ledger_table,
        "Key": ddb.to_item({"pk": ledger.partition(tenant, ingest_id), "sk": _META}),
        "UpdateExpression": clause,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {**names, "#s": "status"},
        "ExpressionAttributeValues": {**attributes, ":s": {"S": _COMMITTED}},
    }


def ingests_of(tenant: str, eid: str, limit: int, before: str | None) -> tuple[list[Item], str | None]:
    """An event's ingests, the newest first, `limit` of them before the sort key `before`; and the key to go on from."""
    values = {":pk": f"T#{tenant}#E#{eid}"} | ({":before": before} if before else {})
    try:
        answer = ddb.aws_client("dynamodb").query(
            TableName=settings().ledger_table,
            IndexName="by_event",
            KeyConditionExpression="epk = :pk" + (" AND esk < :before" if before else ""),
            ExpressionAttributeValues=ddb.to_item(values),
            ScanIndexForward=False,
            Limit=limit + 1,
        )
    except ClientError as error:
        raise ddb.translate(error) from error
    items = [ddb.from_item(item) for item in answer["Items"]]
    more = len(items) > limit
    return items[:limit], str(items[limit - 1]["esk"]) if more else None


# --- a tenant's column mapping ----------------------------------------------------------------------------------------


def mapping(tenant: str) -> Item | None:
    """The tenant's stored column mapping as of now (consistent), or None."""
    return ddb.get(settings().ledger_table, f"T#{tenant}", _MAPPING)


def put_mapping(tenant: str, version: int, doc: str, updated_at: str) -> bool:
    """Store the mapping as `version`. False, and nothing written, where the stored one is not the version before."""
    item = {"pk": f"T#{tenant}", "sk": _MAPPING, "version": version, "doc": doc, "updated_at": updated_at}
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if version > 1:
        before = ddb.to_item({":before": version - 1})
        condition = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": before}
    try:
        ddb.aws_client("dynamodb").put_item(TableName=settings().ledger_table, Item=ddb.to_item(item), **condition)
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True
