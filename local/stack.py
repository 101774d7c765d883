"""Start the emulator, find a running one, stop it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session

from local import project
from local.issuer import Issuer
from local.project import LocalError

_LAUNCHER = "local.emulator.launcher"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_GONE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack on this machine: how to reach it and which processes it is."""

    port: int
    pid: int  # of the `up` command that owns it
    emulator_pid: int  # leads a process group with the environments
    home: str  # scratch directory: logs, temporary files
    data: str  # kept data, or "" when all is in memory

    @property
    def url(self) -> str:
        """The one address of the three hosts and of the AWS protocol."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> Issuer:
        """Its token issuer, with the key it was started with."""
        return _issuer(self.port, Path(self.data or self.home))

    def client(self, service: str) -> Any:
        """A botocore client of the stack."""
        env = project.aws_environment(self.url)
        session = Session()
        # Whatever profile is active in this shell is none of this client's business.
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        session.set_config_variable("profile", None)
        return session.create_client(
            service,
            region_name=env["AWS_DEFAULT_REGION"],
            endpoint_url=self.url,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                retries={"total_max_attempts": 1},
                read_timeout=90,
                inject_host_prefix=False,
                s3={"addressing_style": "path"},
            ),
        )

    def resources(self) -> dict[str, str]:
        """Physical ids of the deployed resources by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            row["LogicalResourceId"]: row["PhysicalResourceId"]
            for page in pages.paginate(StackName=project.STACK_NAME)
            for row in page["StackResourceSummaries"]
        }


def _issuer(port: int, directory: Path) -> Issuer:
    return Issuer.create(f"http://127.0.0.1:{port}/marquee-issuer", directory / "issuer.pem")


def _state_file(port: int) -> Path:
    return project.STATE / f"{port}.json"


def alive(pid: int) -> bool:
    """Whether a process with this id exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return True


def _emulator_runs(stack: Stack) -> bool:
    """Whether its emulator runs, and the process id was not given to another program since."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{stack.emulator_pid}/cmdline").read_bytes()
        return _LAUNCHER.encode() in command
    return alive(stack.emulator_pid)


def running() -> list[Stack]:
    """The stacks on this machine that were started from this checkout. What killed ones left is removed on the way."""
    stacks = []
    for file in sorted(project.STATE.glob("*.json")):
        with contextlib.suppress(ValueError, TypeError, OSError):
            stack = Stack(**json.loads(file.read_text(encoding="utf-8")))
            if _emulator_runs(stack):
                stacks.append(stack)
            else:
                file.unlink(missing_ok=True)
                shutil.rmtree(stack.home, ignore_errors=True)
    return stacks


def find(port: int | None = None) -> Stack:
    """The running stack on `port`, or the only one. Raises LocalError when there is none, or several to choose from."""
    stacks = [stack for stack in running() if port in {None, stack.port}]
    if not stacks:
        where = f" on port {port}" if port else ""
        raise LocalError(f"no stack is running{where}; start one with: python -m local up")
    if len(stacks) > 1:
        ports = ", ".join(str(stack.port) for stack in stacks)
        raise LocalError(f"several stacks are running (ports {ports}); say which with --port")
    return stacks[0]


def status_of(url: str, seconds: float = 5.0) -> int:
    """The HTTP status that a GET of `url` answers, 0 when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, HTTPException):
        return 0


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            ours = any(stack.port == port for stack in running())
            advice = (
                f"stop it with: python -m local down --port {port}" if ours else "choose another with --port (PORT=)"
            )
            who = "a Marquee stack" if ours else "another program"
            raise LocalError(f"port {port} is taken by {who}; {advice}") from error


class Emulator:
    """The emulator's process, with the environments it starts and its scratch directory. A context manager."""

    def __init__(self, port: int, data: Path | None) -> None:
        """Raises LocalError when `port` is taken or the tools are not installed. `data` is kept; None keeps nothing."""
        if not project.EMULATOR_PYTHON.exists() or not project.SAM.exists():
            raise LocalError("the tools are not installed; run: make setup")
        _refuse_taken_port(port)
        self.home = project.STATE / str(port)
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.log = self.home / "emulator.log"
        self._data = data
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def _environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._port}"
        settings = {
            "GATEWAY_PORT": str(self._port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": project.REGION,
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "TMPDIR": str(self.home / "tmp"),
            # Listeners of services that this stack has no use for; they would bind every interface.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # Requests are authorised by the roles' policies: a permission that the template lacks is lacking here too.
            "AUTH": "true",
            # Environments are bounded by queueing, see patches.py: AWS would not throttle a laptop's burst.
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        }
        if self._data is not None:
            kept = self._data
            settings |= {"PERSIST_STATE": "1", "STATE_DIR": str(kept / "state")}
            settings |= {"S3_PERSIST": "1", "S3_DATA_DIR": str(kept / "s3")}
        return project.tool_environment(url) | settings

    def __enter__(self) -> Stack:
        """Start, and give the stack; it does not answer yet, see `wait`."""
        if self._data is not None:
            self._data.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(project.EMULATOR_PYTHON), "-m", _LAUNCHER],
                env=self._environment(),
                cwd=project.ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        stack = Stack(self._port, os.getpid(), self._process.pid, str(self.home), str(self._data or ""))
        _state_file(self._port).write_text(json.dumps(asdict(stack)), encoding="utf-8")
        return stack

    def __exit__(self, *_: object) -> None:
        """Stop everything and remove everything but `data`; on the way the emulator writes its state there."""
        process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            # The environments are in its process group: one that hangs in a handler does not see the pipe close.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _await_end_of_group(process.pid)
        _state_file(self._port).unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def check(self) -> None:
        """Raise LocalError, with the end of the emulator's log, if it has ended."""
        if self._process is None or self._process.poll() is not None:
            tail = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
            raise LocalError(f"the emulator ended; the end of its log:\n{tail}")

    def wait(self) -> None:
        """Return when the emulator answers. Raises LocalError when it ends, or does not answer within a minute."""
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up:
            self.check()
            if status_of(f"http://127.0.0.1:{self._port}/_ministack/health") == 200:  # noqa: PLR2004
                return
            time.sleep(0.05)
        raise LocalError(f"the emulator did not answer within {_START_SECONDS:.0f} s; its log: {self.log}")


def _await_end_of_group(leader: int) -> None:
    """Return when nothing of a killed process group is left: its processes take a moment to go."""
    give_up = time.monotonic() + _GONE_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < give_up:
            os.killpg(leader, 0)
            time.sleep(0.01)


def stop(stack: Stack) -> None:
    """Stop a running stack from another process, and return when it has ended."""
    owner = stack.pid if alive(stack.pid) else stack.emulator_pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner, signal.SIGTERM)
    give_up = time.monotonic() + _STOP_SECONDS + 5
    while alive(stack.pid) or alive(stack.emulator_pid):
        if time.monotonic() > give_up:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(stack.emulator_pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    _state_file(stack.port).unlink(missing_ok=True)
    shutil.rmtree(stack.home, ignore_errors=True)
