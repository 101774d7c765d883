"""A tenant's column mapping: what its reports call their columns."""

import orjson

from marquee import clock
from marquee.errors import Conflict, Unprocessable
from marquee.preconditions import Precondition
from marquee.sales import repository
from marquee.sales.ingests.mapping_models import ColumnMappingDocument, NewColumnMapping
from marquee.sales.models import Item
from marquee.sales.workbooks import mapping
from marquee.sales.workbooks.mapping import ColumnMapping

_ATTEMPTS = 20


def read(tenant: str) -> ColumnMappingDocument:
    """The tenant's mapping; an empty one where none is set."""
    return _document(repository.mapping(tenant))


def for_reading(tenant: str) -> ColumnMapping:
    """The tenant's mapping as reports are read with it."""
    document = read(tenant)
    return ColumnMapping(document["columns"], document["ignore"])


def replace(tenant: str, asked: NewColumnMapping, precondition: Precondition) -> ColumnMappingDocument:
    """Set the tenant's mapping, all of it. What is so already is left alone, whatever `precondition` says.

    Raises Unprocessable for a heading that would mean two things, Stale, and Conflict where others never stop writing.
    """
    columns = {name: some for name, some in asked.columns.model_dump().items() if some}
    wrong = mapping.violations(columns, asked.ignore)
    if wrong:
        names = ", ".join(one.field for one in wrong)
        raise Unprocessable("mapping.invalid", f"The mapping contradicts itself: {names}.", violations=wrong)
    for _ in range(_ATTEMPTS):
        before = read(tenant)
        if (before["columns"], before["ignore"]) == (columns, asked.ignore):
            return before
        precondition.require(before["version"])
        after: ColumnMappingDocument = {
            "columns": columns,
            "ignore": asked.ignore,
            "version": before["version"] + 1,
            "updated_at": clock.timestamp(),
        }
        doc = orjson.dumps({"columns": columns, "ignore": asked.ignore}).decode()
        if repository.put_mapping(tenant, after["version"], doc, after["updated_at"] or ""):
            return after
    raise Conflict("mapping.contended", "The mapping is being changed by others. Try again.")


def _document(item: Item | None) -> ColumnMappingDocument:
    if item is None:
        return {"columns": {}, "ignore": [], "version": 0, "updated_at": None}
    stored = orjson.loads(item["doc"])
    return {
        "columns": stored["columns"],
        "ignore": stored["ignore"],
        "version": item["version"],
        "updated_at": item["updated_at"],
    }
