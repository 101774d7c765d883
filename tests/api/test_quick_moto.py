"""The short ways through moto answer what DynamoDB answers."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

REGION = "eu-central-1"
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
# One attribute of each type, and each inside of others.
TYPES: dict[str, Any] = {
    "s": {"S": "caf\u00e9"},
    "empty": {"S": ""},
    "n": {"N": "12.50"},
    "b": {"B": b"\x00\xff"},
    "null": {"NULL": True},
    "bool": {"BOOL": False},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"\x00", b"\xff"]},
    "l": {"L": [{"S": "a"}, {"B": b"\xfe"}, {"L": []}, {"M": {}}]},
    "m": {"M": {"S": {"S": "named as a type"}, "b": {"B": b"\xfd"}, "l": {"L": [{"N": "1"}, {"NULL": True}]}}},
}


@pytest.fixture
def table(aws: dict[str, str]) -> tuple[Any, str]:
    return boto3.Session(region_name=REGION).client("dynamodb"), aws["EventsTable"]


def test_an_attribute_of_any_type_is_answered_as_it_was_put(table: tuple[Any, str]) -> None:
    client, name = table
    client.put_item(TableName=name, Item=KEY | TYPES)
    keys = {"pk": {"AttributeValueList": [{"S": "a"}], "ComparisonOperator": "EQ"}}
    assert client.get_item(TableName=name, Key=KEY)["Item"] == KEY | TYPES
    assert client.query(TableName=name, KeyConditions=keys)["Items"] == [KEY | TYPES]
    put = client.put_item(TableName=name, Item=KEY, ReturnValues="ALL_OLD")
    assert put["Attributes"] == KEY | TYPES


def test_an_update_that_is_repeated_takes_effect_again(table: tuple[Any, str]) -> None:
    client, name = table
    client.put_item(TableName=name, Item=KEY | {"l": {"L": [{"N": str(number)} for number in range(6)]}})
    for times in (1, 2):
        # When the same words are sent again, with other values
        updated = client.update_item(
            TableName=name,
            Key=KEY,
            UpdateExpression="SET m = :m, k = if_not_exists(k, :m) ADD n :n REMOVE l[0], l[2]",
            ExpressionAttributeValues={":m": {"M": {"times": {"N": str(times)}}}, ":n": {"N": "5"}},
            ReturnValues="ALL_NEW",
        )["Attributes"]
    # Then each took effect upon what the one before left
    assert updated["m"] == {"M": {"times": {"N": "2"}}}
    assert updated["k"] == {"M": {"times": {"N": "1"}}}
    assert updated["n"] == {"N": "10"}
    assert updated["l"] == {"L": [{"N": "3"}, {"N": "5"}]}


@pytest.mark.parametrize(
    "expression", ["SET a = :v SET b = :v", "ADD a :v SET c = :v ADD b :v", "SET pk = :v", "SET a = :v, a = :v"]
)
def test_an_update_that_dynamodb_refuses_is_refused(table: tuple[Any, str], expression: str) -> None:
    client, name = table
    with pytest.raises(ClientError) as refused:
        client.update_item(
            TableName=name, Key=KEY, UpdateExpression=expression, ExpressionAttributeValues={":v": {"N": "1"}}
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "Item" not in client.get_item(TableName=name, Key=KEY)
