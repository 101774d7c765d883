"""Where things are, and what this machine builds for."""

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".marquee"
SAM = ROOT / ".tools" / "sam" / "bin" / "sam"
EMULATOR_PYTHON = ROOT / ".tools" / "ministack" / "bin" / "python"

# Lambda's names for this interpreter and this processor: handlers run on them, so native wheels have to match.
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"

HOSTS = ("main", "cr", "hub")
REGION = "us-east-1"
STACK_NAME = "marquee"


class LocalError(Exception):
    """Something the person at the keyboard can mend; the message says what."""


def aws_environment(url: str) -> dict[str, str]:
    """What makes any AWS client speak to the stack at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # StartSyncExecution would otherwise go to a host called sync-127.0.0.1.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }


def tool_environment(url: str) -> dict[str, str]:
    """This process's environment for a tool that must never reach a real account, whatever profile is active."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return {
        **inherited,
        **aws_environment(url),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # `sam build` runs the first Python of the wanted version that it finds, with that one's pip.
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
    }
