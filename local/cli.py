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

from botocore.exceptions import BotoCoreError, ClientError

from local import deploy, executions, project, stack
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
        with contextlib.ExitStack() as held:
            with _step("sam build") as notes:
                if not held.enter_context(deploy.built(build_log, facts.url)):
                    notes.append("unchanged,")
            with _step("emulator"):
                emulator.wait()
                deploy.publish_issuer(facts)
            with _step("sam deploy"):
                deploy.deploy(facts, deploy_log, schedules=not args.without_schedules)
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
    known = {row["executionArn"] for row in executions.latest(facts)}
    bucket = _bucket(facts)
    facts.client("s3").put_object(Bucket=bucket, Key=key, Body=args.file.read_bytes())
    print(f"s3://{bucket}/{key}")
    started = executions.started_by_object(facts, key, known)
    if started is None:
        raise LocalError("the file is in the bucket, but no execution started within 10 s")
    execution = executions.public_id(started)
    print(f"follow it: {facts.url}/main/executions/{execution}")
    print(f"or:        python -m local execution {execution}")
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
    """Print an execution with its steps, by its id, name or ARN; without any, list the latest."""
    facts = stack.find(args.port)
    if args.id is not None:
        print(json.dumps(executions.show(facts, args.id), indent=2, ensure_ascii=False))
        return 0
    for row in executions.latest(facts)[-20:]:
        print(f"{row['startDate']:%H:%M:%S}  {row['status']:<10} {executions.public_id(row)}")
    return 0


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
    up.add_argument("--without-schedules", action="store_true", help="nothing starts by itself, as tests want it")
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
