"""``python -m local``: the commands."""

import argparse
import contextlib
import json
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import deploy, project, stack
from local.project import LocalError
from local.stack import Stack


class _StopRequested(Exception):
    """SIGTERM came."""


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    raise _StopRequested


@contextlib.contextmanager
def _step(words: str) -> Iterator[list[str]]:
    """Print a line of progress with how long it took; what is appended to the list is printed with it."""
    print(f"  {words} ...", end="", flush=True)
    started = time.monotonic()
    notes: list[str] = []
    try:
        yield notes
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {' '.join([*notes, f'{time.monotonic() - started:.1f} s'])}", flush=True)


def _up(args: argparse.Namespace) -> int:
    """Start, deploy, and stay until Ctrl-C."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    emulator = stack.Emulator(args.port, args.data.resolve() if args.data else None)
    print(f"Marquee on port {args.port}", flush=True)
    with emulator as facts:
        build_log, deploy_log = (emulator.home / name for name in ("build.log", "deploy.log"))
        with deploy.exclusively():
            with _step("sam build") as notes:
                if not deploy.build(build_log, facts.url):
                    notes.append("unchanged,")
            with _step("emulator"):
                emulator.wait()
                deploy.publish_issuer(facts)
            with _step("sam deploy"):
                deploy.deploy(facts, deploy_log)
        with _step("hosts"):
            deploy.wait_for_hosts(facts)
        print(f"ready {facts.url}", flush=True)
        worked = _demo(facts, args.sales) if args.demo else True
        if args.exit:
            return 0 if worked else 1
        print("Ctrl-C stops it.", flush=True)
        while True:
            emulator.check()
            threading.Event().wait(0.5)


def _demo(facts: Stack, sales: Path | None) -> bool:
    from local.demo import run_demo  # noqa: PLC0415 - only --demo needs it and its spreadsheet packages

    return run_demo(facts, sales=sales)


def _down(args: argparse.Namespace) -> int:
    """Stop a running stack and wait until nothing of it is left."""
    facts = stack.find(args.port)
    stack.stop(facts)
    print(f"stopped {facts.url}")
    return 0


def _token(args: argparse.Namespace) -> int:
    """Print a token for the tenants and scopes given."""
    print(stack.find(args.port).issuer.token(args.tenant, args.scope, args.sub))
    return 0


def _invoke(args: argparse.Namespace) -> int:
    """Invoke a function, by its name in the template or its physical one, with the event in a file."""
    facts = stack.find(args.port)
    event = args.event.read_bytes()
    json.loads(event)
    name = facts.resources().get(args.function, args.function)
    answer = facts.client("lambda").invoke(FunctionName=name, Payload=event, LogType="Tail")
    print(json.dumps(json.loads(answer["Payload"].read() or b"null"), indent=2, ensure_ascii=False))
    return 1 if "FunctionError" in answer else 0


def _drop(args: argparse.Namespace) -> int:
    """Put a sales report into the bucket as a box office would, and say where to follow it."""
    facts = stack.find(args.port)
    key = f"sales/{args.tenant}/{args.event}/{args.file.name}"
    put = facts.client("s3").put_object(Bucket=_bucket(facts), Key=key, Body=args.file.read_bytes())
    print(f"s3://{_bucket(facts)}/{key}  etag {put['ETag'].strip(chr(34))}")
    print(f"follow it: {facts.url}/main/executions  or: python -m local execution --port {facts.port}")
    return 0


def _bucket(facts: Stack) -> str:
    """The bucket that sales reports are dropped into."""
    buckets = [
        row["OutputValue"]
        for described in facts.client("cloudformation").describe_stacks(StackName=project.STACK_NAME)["Stacks"]
        for row in described.get("Outputs", [])
        if row["OutputKey"] == "BucketName"
    ]
    if not buckets:
        raise LocalError("the stack has no output called BucketName")
    return str(buckets[0])


def _execution(args: argparse.Namespace) -> int:
    """Print an execution with its steps, by its ARN or its name; without either, list the latest."""
    facts = stack.find(args.port)
    client = facts.client("stepfunctions")
    machines = client.list_state_machines()["stateMachines"]
    rows = [
        row
        for machine in machines
        if machine["type"] == "STANDARD"
        for row in client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    ]
    if args.id is None:
        for row in sorted(rows, key=lambda row: row["startDate"])[-20:]:
            machine = row["stateMachineArn"].split(":")[-1]
            print(f"{row['startDate']:%H:%M:%S}  {row['status']:<10} {machine}  {row['name']}")
        return 0
    found = next((row["executionArn"] for row in rows if args.id in {row["executionArn"], row["name"]}), None)
    if found is None:
        raise LocalError(f"no execution is called {args.id}")
    described = client.describe_execution(executionArn=found)
    history = client.get_execution_history(executionArn=found)["events"]
    steps = [_described(event) for event in history]
    shown = {key: described.get(key) for key in ("executionArn", "status", "input", "output", "error", "cause")}
    print(json.dumps({**{key: value for key, value in shown.items() if value is not None}, "steps": steps}, indent=2))
    return 0


def _described(event: dict[str, Any]) -> str:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    words = [f"{event['timestamp']:%H:%M:%S.%f}"[:12], event["type"], details.get("name", ""), details.get("error", "")]
    return " ".join(word for word in words if word)


def _env(args: argparse.Namespace) -> int:
    """Print exports for the AWS CLI and SDKs."""
    for name, value in project.aws_environment(stack.find(args.port).url).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Marquee on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        about = (run.__doc__ or "").strip()
        added = commands.add_parser(name, help=about.rstrip("."), description=about)
        added.set_defaults(run=run)
        added.add_argument("--port", type=int, help="the stack's port (default: the one that runs)")
        return added

    up = command("up", _up)
    up.set_defaults(port=3000)
    up.add_argument("--demo", action="store_true", help="load the demo, do the main job and show it")
    up.add_argument("--data", type=Path, metavar="DIR", help="keep tables and objects in DIR across restarts")
    up.add_argument("--sales", type=Path, metavar="FILE", help="sales for the demo, a .csv.gz, instead of made-up ones")
    up.add_argument("--exit", action="store_true", help="stop when done, with status 0 if all went well")
    command("down", _down)
    token = command("token", _token)
    token.add_argument("--tenant", action="append", required=True, help="may be given several times")
    token.add_argument("--scope", required=True, help="space-separated")
    token.add_argument("--sub", default="local")
    invoke = command("invoke", _invoke)
    invoke.add_argument("function")
    invoke.add_argument("-e", "--event", type=Path, required=True, metavar="FILE")
    drop = command("drop", _drop)
    drop.add_argument("file", type=Path)
    drop.add_argument("--tenant", required=True)
    drop.add_argument("--event", required=True)
    command("execution", _execution).add_argument("id", nargs="?", metavar="ID")
    command("env", _env)
    return parser


def main() -> None:
    """Run the command line's command and exit with its status."""
    args = _parser().parse_args()
    try:
        status = args.run(args)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except (ClientError, BotoCoreError, OSError, ValueError) as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    except (KeyboardInterrupt, _StopRequested):
        print("stopped")
        status = 0 if args.run is _up else 130
    sys.exit(status)
