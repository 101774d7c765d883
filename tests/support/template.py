"""The template as data: intrinsic functions read, resources by type, storage created as it declares it."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`, `!Sub y`) as their long ones."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


class Template:
    """A parsed template."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.resources: dict[str, dict[str, Any]] = body["Resources"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {
            logical: resource.get("Properties", {})
            for logical, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def functions(self) -> dict[str, dict[str, Any]]:
        """Functions by group (the folder their code is in)."""
        return {
            Path(properties["CodeUri"]).name: properties | {"LogicalId": logical}
            for logical, properties in self.of_type("AWS::Serverless::Function").items()
        }

    def routes(self) -> set[tuple[str, str, str, str]]:
        """(group, api, METHOD, path) of every API event."""
        return {
            (
                group,
                event["Properties"]["RestApiId"]["Ref"],
                event["Properties"]["Method"].upper(),
                event["Properties"]["Path"],
            )
            for group, function in self.functions().items()
            for event in function.get("Events", {}).values()
            if event["Type"] == "Api"
        }

    def create_tables(self, client: Any) -> dict[str, str]:
        """Create the template's tables with a DynamoDB client; logical id -> physical name."""
        names: dict[str, str] = {}
        for logical, properties in self.of_type("AWS::DynamoDB::Table").items():
            names[logical] = f"test-{logical}"
            wanted = {
                key: properties[key]
                for key in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
                if key in properties
            }
            client.create_table(TableName=names[logical], **wanted)
        return names

    def create_buckets(self, client: Any) -> dict[str, str]:
        """Create the template's buckets with an S3 client; logical id -> physical name."""
        names = {logical: f"test-{logical.lower()}" for logical in self.of_type("AWS::S3::Bucket")}
        for name in names.values():
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name})
        return names


def load_template(path: Path) -> Template:
    """Parse a template file."""
    return Template(yaml.load(path.read_text("utf-8"), Loader=_Loader))  # noqa: S506 - a SafeLoader subclass
