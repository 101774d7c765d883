"""What tests of lists read from memory is what the in-process AWS answers, item by item."""

import random
from typing import Any

from marquee import ddb
from marquee.hub.listing import cards
from tests.support.hub_catalogue import TENANTS, made_up, stored
from tests.support.hub_listing import write
from tests.support.hub_shelf import SORTS, Shelf


def test_the_shelf_answers_as_the_store_does(aws: dict[str, str]) -> None:
    # Given the same events here and there
    choose = random.Random(2)
    items = stored([made_up(choose, choose.choice(TENANTS)) for _ in range(25)])
    table, shelf = aws["HubTable"], Shelf(items)
    write(table, items)
    # When ranges of every index are read, from every place, in both directions and in portions
    client = ddb.aws_client("dynamodb")
    answered = 0
    for index, sort in SORTS.items():
        for partition in (cards.public_list("all", ""), cards.own_list("aurora"), "nothing"):
            keys = sorted(item[sort] for item in items if item.get("list_pk") == partition)
            bounds = ["", *(f" AND #sort {sign} :bound" for sign in ("<", "<=", ">"))]
            for _ in range(12):
                bound = choose.choice(bounds)
                request: dict[str, Any] = {
                    "TableName": table,
                    "IndexName": index,
                    "KeyConditionExpression": f"list_pk = :list{bound}",
                    "ExpressionAttributeValues": {":list": {"S": partition}},
                    "ExpressionAttributeNames": {"#a0": "pk", "#a1": sort},
                    "ProjectionExpression": "#a0, #a1",
                    "ScanIndexForward": choose.random() < 0.5,
                    "Limit": choose.choice([1, 3, 50]),
                }
                if bound:
                    request["ExpressionAttributeValues"][":bound"] = {"S": choose.choice([*keys, "m"])}
                    request["ExpressionAttributeNames"]["#sort"] = sort
                while True:
                    there, here = client.query(**request), shelf.query(**request)
                    # Then both say the same
                    assert (here["Items"], here["ScannedCount"]) == (there["Items"], there["ScannedCount"]), request
                    answered += len(here["Items"])
                    if "LastEvaluatedKey" not in there:
                        break
                    assert here["LastEvaluatedKey"] == there["LastEvaluatedKey"]
                    request["ExclusiveStartKey"] = here["LastEvaluatedKey"]
                # As DynamoDB does, it says where to go on after a full portion even where nothing is left
                if "LastEvaluatedKey" in here:
                    assert shelf.query(**request | {"ExclusiveStartKey": here["LastEvaluatedKey"]})["Items"] == []
    assert answered > 100
    # And single items are the same
    for item in items[:20]:
        key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        assert ddb.from_item(shelf.get_item(Key=key)["Item"]) == ddb.get(table, item["pk"], item["sk"])
