"""The Python runtime inside one execution environment: import the handler once, then serve invocations one at a time.

The emulator starts this file as a process of its own, one for each environment, and speaks JSON lines with it. First it
sends what to load, and hears ``ready``; then ``{"init": true}``, which imports the handler; then one envelope an
invocation.
Standard library only: whatever else is imported here would hide what a layer lacks.
"""

import contextlib
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

Handler = Callable[[Any, Any], Any]

# Written to stderr when an invocation is over, so that the emulator knows it has read all of its log.
END_OF_LOG = "\x00end-of-log"


class Context:
    """What a handler is told about its invocation."""

    client_context = None
    identity = None

    def __init__(self, init: dict[str, Any], call: dict[str, Any]) -> None:
        self.function_name = init["function_name"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = str(init["memory"])
        self.invoked_function_arn = call["invoked_function_arn"]
        self.aws_request_id = call["request_id"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.monotonic() + call["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this environment is killed."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class InitError(Exception):
    """The handler could not be loaded; `error_type` is Lambda's name for the reason."""

    def __init__(self, error_type: str, message: str, frames: TracebackType | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.frames = frames


def load(init: dict[str, Any]) -> Handler:
    """Import the module and give its handler. Raises InitError under the error type that Lambda reports."""
    module_name, handler_name = init["module"], init["handler"]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    except Exception as error:
        raise InitError(type(error).__name__, str(error), error.__traceback__) from error
    if not hasattr(module, handler_name):
        raise InitError("Runtime.HandlerNotFound", f"Handler '{handler_name}' missing on module '{module_name}'")
    handler: Handler = getattr(module, handler_name)
    return handler


def failure(error_type: str, message: str, frames: TracebackType | None, request_id: str) -> dict[str, Any]:
    """An error as Lambda answers it; it is logged too."""
    stack = traceback.format_list(traceback.extract_tb(frames)) if frames else []
    sys.stderr.write(f"[ERROR] {error_type}: {message}\nTraceback (most recent call last):\n{''.join(stack)}")
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": stack}


def invoke(handler: Handler, event: Any, context: Context) -> dict[str, Any]:
    """Run one invocation; gives ``result`` or ``failure``. SystemExit passes through and ends the environment."""
    try:
        result = handler(event, context)
    except Exception as error:  # noqa: BLE001 - every exception of a handler is an answer
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        return {"failure": failure(type(error).__name__, str(error), frames, context.aws_request_id)}
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return {"failure": failure("Runtime.MarshalError", message, None, context.aws_request_id)}
    return {"result": result}


def prepare(init: dict[str, Any]) -> None:
    """Lay out the import path and the environment variables as Lambda does."""
    layers = [path for path in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if path]
    standard = [path for path in sys.path[1:] if not path.endswith("-packages")]
    sys.path[:] = [init["code_dir"], *(f"{layer}/python" for layer in layers), *layers, *standard]
    os.environ["AWS_EXECUTION_ENV"] = f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"
    os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
    os.environ["AWS_LAMBDA_LOG_GROUP_NAME"] = f"/aws/lambda/{init['function_name']}"


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer one line for each line read, until the emulator closes the pipe."""

    def send(reply: dict[str, Any]) -> None:
        answers.write(json.dumps(reply) + "\n")
        answers.flush()

    def answer(reply: dict[str, Any]) -> None:
        sys.stdout.flush()
        sys.stderr.write(f"{END_OF_LOG}\n")
        sys.stderr.flush()
        send(reply)

    init = json.loads(requests.readline())
    prepare(init)
    send({"status": "ready"})
    handler: Handler | None = None
    for line in requests:
        message = json.loads(line)
        if "init" in message:
            try:
                handler = load(init)
            except InitError as error:
                answer({"status": "error", "failure": failure(error.error_type, str(error), error.frames, "")})
                return
            answer({"status": "ok"})
            continue
        if handler is None:
            raise RuntimeError("an invocation came before the init message")
        call = message["ctx"]
        if call["trace_id"]:
            os.environ["_X_AMZN_TRACE_ID"] = call["trace_id"]
        answer({"status": "ok", **invoke(handler, message["event"], Context(init, call))})


def main() -> None:
    """Keep the pipe to the emulator private, so that nothing a handler prints can garble it."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
