"""The runtime inside an execution environment, spoken to over its pipes as the emulator does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.emulator import runtime

Converse = Callable[..., tuple[list[dict[str, Any]], str]]


@pytest.fixture
def converse(tmp_path: Path) -> Converse:
    """Load a function from its source and send it events; gives what the runtime answered, and its log."""

    def talk(source: str, *events: object, layer: dict[str, str] | None = None) -> tuple[list[dict[str, Any]], str]:
        (tmp_path / "app.py").write_text(source)
        python = tmp_path / "layer" / "python"
        python.mkdir(parents=True)
        for name, text in (layer or {}).items():
            (python / name).write_text(text)
        init = {"code_dir": str(tmp_path), "module": "app", "handler": "handler", "function_name": "f", "memory": 128}
        call = {"invoked_function_arn": "arn", "request_id": "r-1", "timeout_ms": 3000, "trace_id": "Root=1"}
        messages = [init, {"init": True}, *({"event": event, "ctx": call} for event in events)]
        done = subprocess.run(
            [sys.executable, runtime.__file__],
            input="".join(json.dumps(message) + "\n" for message in messages),
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                **os.environ,
                "_LAMBDA_LAYERS_DIRS": str(tmp_path / "layer"),
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_LOG_STREAM_NAME": "s",
            },
        )
        ready, *answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert ready == {"status": "ready"}
        return answers, done.stderr

    return talk


def test_each_event_has_its_answer_in_order(converse: Converse) -> None:
    (loaded, *answers), _ = converse(
        "def handler(event, context): return [event, context.aws_request_id]", 1, None, "a"
    )
    assert loaded == {"status": "ok"}
    assert [answer["result"] for answer in answers] == [[1, "r-1"], [None, "r-1"], ["a", "r-1"]]


def test_what_is_printed_is_log_up_to_the_mark(converse: Converse) -> None:
    source = "def handler(event, context):\n    print('said')\n    return event"
    (_, answer), log = converse(source, 1)
    assert answer == {"status": "ok", "result": 1}
    assert log.splitlines() == [runtime.END_OF_LOG, "said", runtime.END_OF_LOG]


def test_an_exception_is_a_failure_by_its_class_and_the_next_event_is_served(converse: Converse) -> None:
    source = "class Sold(Exception): pass\ndef handler(event, context):\n    if event: raise Sold('out')\n    return 1"
    (_, failed, served), log = converse(source, True, False)  # noqa: FBT003 - the event
    assert (failed["failure"]["errorType"], failed["failure"]["errorMessage"]) == ("Sold", "out")
    assert len(failed["failure"]["stackTrace"]) == 1
    assert served["result"] == 1
    assert "[ERROR] Sold: out" in log


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import no_such_package", "Runtime.ImportModuleError"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("other = 1", "Runtime.HandlerNotFound"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_module_that_does_not_load_is_named_and_ends_the_environment(
    converse: Converse, source: str, error_type: str
) -> None:
    (only,), _ = converse(source, "never served")
    assert (only["status"], only["failure"]["errorType"]) == ("error", error_type)


def test_a_layers_package_imports_and_this_interpreters_do_not(converse: Converse) -> None:
    source = "import shared\ntry:\n    import pytest\n    found = True\nexcept ImportError:\n    found = False\n"
    source += "def handler(event, context): return [shared.VALUE, found]"
    (_, answer), _ = converse(source, None, layer={"shared.py": "VALUE = 7"})
    assert answer["result"] == [7, False]


def test_the_context_and_environment_say_what_lambda_says(converse: Converse) -> None:
    source = (
        "import os\ndef handler(event, context):\n"
        "    return [context.function_name, context.log_group_name, context.get_remaining_time_in_millis() <= 3000,\n"
        "            os.environ['_X_AMZN_TRACE_ID'], os.environ['AWS_EXECUTION_ENV'].startswith('AWS_Lambda_python3.')]"
    )
    (_, answer), _ = converse(source, None)
    assert answer["result"] == ["f", "/aws/lambda/f", True, "Root=1", True]
