"""Build and deploy the template as an operator does, with SAM, to a stack on this machine."""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import bytecode, project
from local.issuer import AUDIENCE, BUCKET, JWKS_KEY
from local.project import LocalError
from local.stack import Stack, status_of

# Apart from an operator's own build: this one holds wheels of this machine. SAM keeps notes beside a build directory
# and in the directory it runs in, and throws away what belongs to another build there; so both are ours alone.
_HOME = project.ROOT / ".aws-sam" / "local"
_BUILD = _HOME / "build"
_STAMP = _HOME / "sources.sha256"
_SOURCES = ("template.yaml", "functions", "layers", "statemachines")
_DEPLOY_BUCKET = "marquee-deployments"
# samconfig.toml is for real accounts; this names an environment that it does not have.
_NO_CONFIG = ("--config-env", "local")


@contextlib.contextmanager
def _locked(name: str, kind: int) -> Iterator[None]:
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / name).open("w") as lock:
        fcntl.flock(lock, kind)
        yield


@contextlib.contextmanager
def built(log: Path, url: str) -> Iterator[bool]:
    """Build what is not built, and keep the build as it is until the block ends; gives False when nothing changed.

    Of two stacks that start at once one builds, and both deploy, side by side. Raises LocalError with SAM's own words
    when it fails.
    """
    with contextlib.ExitStack() as held:
        # Only who holds the first lock asks for more of the second than a share.
        with _locked("lock", fcntl.LOCK_EX):
            wanted = fingerprint()
            changed = not _is_built(wanted)
            if changed:
                with _locked("in-use", fcntl.LOCK_EX):
                    _build(wanted, log, url)
            held.enter_context(_locked("in-use", fcntl.LOCK_SH))
        yield changed


def _run(command: list[str], url: str, log: Path) -> bool:
    """Run a tool with its output going to `log`; whatever interrupts this process ends the tool and its children."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=_HOME,
            env=project.tool_environment(url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait() == 0
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _tail(log: Path, lines: int = 25) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-lines:])


def fingerprint() -> str:
    """A digest of everything that a build's outcome depends on."""
    digest = hashlib.sha256(f"{project.RUNTIME} {project.ARCHITECTURE}".encode())
    files = [Path(bytecode.__file__), Path(__file__)]
    for name in _SOURCES:
        source = project.ROOT / name
        files += sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    for file in files:
        if "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(project.ROOT)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _is_built(wanted: str) -> bool:
    return _STAMP.exists() and _STAMP.read_text(encoding="utf-8") == wanted and (_BUILD / "template.yaml").exists()


def _build(wanted: str, log: Path, url: str) -> None:
    """Run ``sam build`` for this machine and finish the artefacts."""
    _STAMP.unlink(missing_ok=True)
    command = [str(project.SAM), "build", "--template-file", str(project.ROOT / "template.yaml")]
    command += ["--build-dir", str(_BUILD), "--cached", "--parallel", *_NO_CONFIG]
    command += ["--parameter-overrides", *_parameters({})]
    if not _run(command, url, log):
        raise LocalError(f"sam build failed:\n{_tail(log)}")
    bytecode.finish(_BUILD)
    _STAMP.write_text(wanted, encoding="utf-8")


# The template's parameters that say when machines start by themselves, and a time that does not come.
SCHEDULES = ("ReconcileSchedule", "PurgeSchedule", "DemandSchedule", "ClosingSchedule", "DeliverySchedule")
_NEVER = "rate(3650 days)"


def _parameters(more: dict[str, str]) -> list[str]:
    fixed = {"PythonRuntime": project.RUNTIME, "Architecture": project.ARCHITECTURE}
    return [f'{name}="{value}"' if " " in value else f"{name}={value}" for name, value in (fixed | more).items()]


def _bucket(stack: Stack, name: str) -> None:
    with contextlib.suppress(stack.client("s3").exceptions.BucketAlreadyOwnedByYou):
        stack.client("s3").create_bucket(Bucket=name)


def publish_issuer(stack: Stack) -> None:
    """Put the issuer's public key where the authorizer will look for it."""
    _bucket(stack, BUCKET)
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    policy = {"Version": "2012-10-17", "Statement": [public]}
    s3 = stack.client("s3")
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    body = json.dumps(stack.issuer.jwks()).encode()
    s3.put_object(Bucket=BUCKET, Key=JWKS_KEY, Body=body, ContentType="application/json")


def deploy(stack: Stack, log: Path, *, schedules: bool = True) -> None:
    """Run ``sam deploy`` into the stack; without `schedules` nothing in it starts by itself, as tests want it.

    Raises LocalError naming the resources that failed, and why.
    """
    _bucket(stack, _DEPLOY_BUCKET)
    parameters = {
        "Stage": "local",
        "AuthIssuer": stack.issuer.url,
        "AuthAudience": AUDIENCE,
        "JwksUrl": f"{stack.issuer.url}/{JWKS_KEY}",
        "DomainName": "127.0.0.1",
        "TrustedImageHosts": "127.0.0.1:*",  # images of this machine; elsewhere none are fetched from within
        **({} if schedules else dict.fromkeys(SCHEDULES, _NEVER)),
    }
    command = [str(project.SAM), "deploy", "--template-file", str(_BUILD / "template.yaml")]
    command += ["--stack-name", project.STACK_NAME, "--s3-bucket", _DEPLOY_BUCKET, "--region", project.REGION]
    command += [*_NO_CONFIG, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset"]
    command += ["--no-fail-on-empty-changeset", "--no-progressbar", "--parameter-overrides", *_parameters(parameters)]
    if not _run(command, stack.url, log):
        reasons = "\n".join(f"  {reason}" for reason in _failures(stack))
        raise LocalError(f"sam deploy failed:\n{reasons or _tail(log)}")


def _failures(stack: Stack) -> list[str]:
    pages = stack.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=project.STACK_NAME)
    try:
        return failures(event for page in pages for event in page["StackEvents"])
    except ClientError:
        return []  # the stack was never made: SAM has said why


def failures(events: Iterable[dict[str, Any]]) -> list[str]:
    """From a stack's events, newest first: each resource that failed in the last deployment, in the order of failing.

    One that was cancelled because another failed is left out.
    """
    found: list[str] = []
    for event in events:
        name, kind, status = event["LogicalResourceId"], event["ResourceType"], event["ResourceStatus"]
        reason = event.get("ResourceStatusReason", "no reason given")
        if kind == "AWS::CloudFormation::Stack":
            if status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
        elif status.endswith("_FAILED") and "cancelled" not in reason:
            found.insert(0, f"{name} ({kind}): {reason}")
    return found


def wait_for_hosts(stack: Stack, seconds: float = 60.0) -> None:
    """Return when the three hosts answer. Raises LocalError naming those that do not within `seconds`."""
    waiting = {host: f"{stack.url}/{host}/openapi.json" for host in project.HOSTS}
    give_up = time.monotonic() + seconds
    answers: dict[str, int] = {}
    while waiting:
        answers = {host: status_of(url, seconds=30) for host, url in waiting.items()}
        waiting = {host: url for host, url in waiting.items() if answers[host] != 200}  # noqa: PLR2004
        if waiting and time.monotonic() > give_up:
            said = ", ".join(f"{url} answers {answers[host] or 'nothing'}" for host, url in waiting.items())
            raise LocalError(f"the stack is deployed, but {said}")
        if waiting:
            time.sleep(0.2)
