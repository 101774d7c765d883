"""The stack's processes: how it starts, what it says when it cannot, and that nothing of it is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local import project
from local import stack as stacks
from local.stack import Emulator, Stack
from tests.e2e.conftest import ROOT, create_role, zipped
from tests.support.running import free_port

# An owner of an emulator, as the `up` command is, without a deployment: it says so when it is ready, and waits.
OWNER = """
import signal, sys, time
from local.stack import Emulator
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has those in its background ignore it
emulator = Emulator(int(sys.argv[1]), None)
with emulator as stack:
    emulator.wait()
    stack.client("sqs").create_queue(QueueName="any")
    print("up", flush=True)
    time.sleep(60)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def group_members(leader: int) -> list[int]:
    members = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            members.append(int(process.name))
    return members


def said_by(emulator: Emulator) -> str:
    try:
        emulator.check()
    except project.LocalError as error:
        return str(error)
    return ""


def hang_in_a_handler(stack: Stack) -> None:
    client = stack.client("lambda")
    client.create_function(
        FunctionName="hanging",
        Runtime=project.RUNTIME,
        Handler="app.handler",
        Role=create_role(stack, "hanging"),
        Timeout=60,
        Code={"ZipFile": zipped("import time\ndef handler(event, context): time.sleep(60)")},
    )
    client.invoke(FunctionName="hanging", InvocationType="Event")
    assert eventually(lambda: len(group_members(stack.emulator_pid)) == 2)


def test_a_taken_port_is_said_plainly(stack: Stack) -> None:
    tried = run("up", "--port", str(stack.port))
    assert tried.returncode == 1
    advice = f"stop it with: python -m local down --port {stack.port}"
    assert tried.stderr == f"error: port {stack.port} is taken by a Marquee stack; {advice}\n"


def test_a_command_without_a_stack_is_said_plainly() -> None:
    asked = run("env", "--port", str(free_port()))
    assert asked.returncode == 1
    assert asked.stderr.startswith("error: no stack is running on port ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_however_the_owner_ends(number: signal.Signals) -> None:
    port = free_port()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(port)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    stack = stacks.find(port)
    hang_in_a_handler(stack)
    owner.send_signal(number)
    owner.communicate(timeout=40)
    assert eventually(lambda: not group_members(stack.emulator_pid))
    assert eventually(lambda: not (Path(stack.home) / "tmp").exists())
    assert port not in {found.port for found in stacks.running()}


def test_an_emulator_that_dies_takes_its_environments_with_it() -> None:
    emulator = Emulator(free_port(), None)
    with emulator as stack:
        emulator.wait()
        hang_in_a_handler(stack)
        os.kill(stack.emulator_pid, signal.SIGKILL)
        assert eventually(lambda: said_by(emulator).startswith("the emulator ended"))
    assert not group_members(stack.emulator_pid)
    assert not Path(stack.home).exists()


def test_kept_data_and_the_issuers_key_survive_a_restart(tmp_path: Path) -> None:
    keys = []
    for start in range(2):
        emulator = Emulator(free_port(), tmp_path)
        with emulator as stack:
            emulator.wait()
            dynamodb, s3 = stack.client("dynamodb"), stack.client("s3")
            if start == 0:
                dynamodb.create_table(
                    TableName="kept",
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    BillingMode="PAY_PER_REQUEST",
                )
                dynamodb.put_item(TableName="kept", Item={"pk": {"S": "a"}})
                s3.create_bucket(Bucket="kept")
                s3.put_object(Bucket="kept", Key="a", Body=b"b")
            keys.append(stack.issuer.jwks())
            assert dynamodb.scan(TableName="kept")["Items"] == [{"pk": {"S": "a"}}]
            assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"b"
    assert keys[0] == keys[1]
    assert not Path(stack.home).exists()
