"""The deployed local stack that every end-to-end test talks to, and small conveniences over it."""

import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack

ROOT = Path(__file__).parents[2]
MakeFunction = Callable[..., str]
RunMachine = Callable[..., dict[str, Any]]


def zipped(source: str) -> bytes:
    """A deployment package whose `app` module is `source`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    return packed.getvalue()


def create_role(stack: Stack, name: str, *actions: str) -> str:
    """A role that functions and state machines may take, allowed `actions` on everything; gives its ARN."""
    client = stack.client("iam")
    services = ["lambda.amazonaws.com", "states.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    arn: str = client.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if actions:
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        client.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy(allowed))
    return arn


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="session")
def role(stack: Stack) -> str:
    """A role for the functions and machines that tests deploy themselves."""
    return create_role(stack, f"e2e-{uuid.uuid4().hex[:12]}", "lambda:*", "s3:*", "states:*")


@pytest.fixture(scope="session")
def make_function(stack: Stack, role: str) -> Iterator[MakeFunction]:
    """Deploy a function from its source, beside the template's own; gives its name. All are removed at the end."""
    client = stack.client("lambda")
    made: list[str] = []

    def make(source: str, *, timeout: int = 5, **more: Any) -> str:
        name = f"e2e-{uuid.uuid4().hex[:12]}"
        settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": role, "Timeout": timeout, **more}
        client.create_function(FunctionName=name, Code={"ZipFile": zipped(source)}, **settings)
        made.append(name)
        return name

    yield make
    for name in made:
        client.delete_function(FunctionName=name)


@pytest.fixture(scope="session")
def invoke(stack: Stack) -> Callable[..., tuple[str | None, Any]]:
    """Invoke a function with an event; gives its function error, or None, and its decoded payload."""
    client = stack.client("lambda")

    def call(name: str, event: object = None) -> tuple[str | None, Any]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    return call


@pytest.fixture(scope="session")
def run_machine(stack: Stack, role: str) -> Iterator[RunMachine]:
    """Run a definition once as an Express machine and give its execution: status, output, error, cause."""
    client = stack.client("stepfunctions")
    made: list[str] = []

    def run(definition: dict[str, Any], value: object = None) -> dict[str, Any]:
        arn = client.create_state_machine(
            name=f"e2e-{uuid.uuid4().hex[:12]}",
            definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
            roleArn=role,
            type="EXPRESS",
        )["stateMachineArn"]
        made.append(arn)
        answer: dict[str, Any] = client.start_sync_execution(stateMachineArn=arn, input=json.dumps(value or {}))
        return {**answer, "output": json.loads(answer["output"]) if "output" in answer else None}

    yield run
    for arn in made:
        client.delete_state_machine(stateMachineArn=arn)


def listening_addresses(port: int) -> set[str]:
    """The local addresses, in the kernel's hexadecimal, on which something listens on `port`."""
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    listening = "0A"
    found = [re.fullmatch(rf"([0-9A-F]+):{port:04X}", row[1]) for row in rows if row[3] == listening]
    return {match[1] for match in found if match}
