"""What the pinned emulator does otherwise than AWS and our functions would notice, put right at start-up.

Runs inside the emulator's interpreter. Each patch says which behaviour of AWS it restores; `apply` refuses to start on
an emulator whose parts have other names or shapes than these patches were written for.
"""

import hashlib
import inspect
import json
import os
import queue
import signal
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from ministack.core import lambda_runtime
from ministack.services import apigateway_v1, lambda_svc, stepfunctions

from local.emulator import runtime

# AWS gives the init phase ten seconds of its own before it counts against the function's time-out.
_INIT_SECONDS = 10.0
_ANY_METHOD = "x-amazon-apigateway-any-method"
# On AWS a function scales to a thousand environments; here each is a process, and more of them than this would only
# wait for the same cores. Tests whose environments do nothing but wait ask for more.
_ENVIRONMENTS_PER_FUNCTION = int(os.environ.get("MARQUEE_ENVIRONMENTS", max(2, min(8, 2 * (os.cpu_count() or 1)))))


class Environment(lambda_runtime.Worker):  # type: ignore[misc]
    """One execution environment: a process that has imported one function.

    On AWS an exception reaches the caller under its class's name with a stack trace, and the environment lives on; a
    process that exits is ``Runtime.ExitError``, one that hangs ``Sandbox.Timedout``, and a module that does not import
    ``Runtime.ImportModuleError``. The emulator calls all of them ``Runtime.HandlerError`` and starts anew after each.
    """

    _proc: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._loaded: Any = None  # the process that has imported the function

    def invoke(self, event: Any, request_id: str, **call: Any) -> dict[str, Any]:
        """Run one invocation, importing the function first if this environment is new."""
        with self._lock:
            if self._proc is None or self._proc.poll() is not None:
                self._spawn()
            timeout = float(self.config.get("Timeout", 3))
            if self._loaded is not self._proc:
                reply = self._exchange({"init": True}, _INIT_SECONDS, request_id)
                if reply["status"] != "ok":
                    self._kill()
                    return reply
                self._loaded = self._proc
            details = {**call, "request_id": request_id, "timeout_ms": int(timeout * 1000)}
            return self._exchange({"event": event, "ctx": details}, timeout, request_id)

    def _exchange(self, message: dict[str, Any], seconds: float, request_id: str) -> dict[str, Any]:
        """Send one line and wait for one; a process that gives none is ended and named as AWS would."""
        process = self._proc
        replies: list[str] = []

        def talk() -> None:
            try:
                process.stdin.write(json.dumps(message) + "\n")
                process.stdin.flush()
                replies.append(process.stdout.readline())
            except OSError:
                replies.append("")

        talker = threading.Thread(target=talk, daemon=True)
        talker.start()
        talker.join(seconds)
        if talker.is_alive():
            return self._end("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds", request_id)
        if not replies[0]:
            status = process.wait(timeout=5)
            how = f"signal: {signal.strsignal(-status)}".lower() if status < 0 else f"exit status {status}"
            words = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
            return self._end("Runtime.ExitError", words, request_id)
        reply: dict[str, Any] = json.loads(replies[0])
        reply["log"] = self._drain_stderr_bounded()
        if "failure" in reply:
            payload = {**reply["failure"], "requestId": request_id}
            return {"status": "error", "error_payload": payload, "log": reply["log"]}
        return reply

    def _kill(self) -> None:
        process, self._proc = self._proc, None
        if process is not None:
            process.kill()
            process.wait()

    def _end(self, error_type: str, message: str, request_id: str) -> dict[str, Any]:
        self._kill()
        payload = {"errorType": error_type, "errorMessage": message, "requestId": request_id}
        return {"status": "error", "error_payload": payload, "log": self._drain_stderr()}

    def _drain_stderr_bounded(self, *_: float) -> str:
        """The log up to the runtime's mark. The emulator waits 50 ms for the first line of a silent handler."""
        lines: list[str] = []
        give_up = time.monotonic() + 1
        while (left := give_up - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line == runtime.END_OF_LOG:
                break
            lines.append(line)
        return "\n".join(lines)

    def _drain_stderr(self) -> str:
        return "\n".join(line for line in super()._drain_stderr().split("\n") if line != runtime.END_OF_LOG)


class SharedZip:
    """A zip archive that is extracted once and linked to afterwards; ``ZipFile`` for those who start environments.

    The emulator extracts a function's code and all its layers again for each environment. On AWS both are mounted
    read-only, so sharing them is no difference a function could see.
    """

    _lock = threading.Lock()
    _root = Path(tempfile.gettempdir()) / "extracted"

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink()

    def namelist(self) -> list[str]:
        """Nothing to vet: members are vetted on extraction."""
        return []

    def extractall(self, target: str) -> None:
        """Make `target`, an empty directory, a link to the archive's content."""
        content = self._root / hashlib.sha256(self._path.read_bytes()).hexdigest()
        with self._lock:
            if not content.exists():
                unfinished = content.with_suffix(".part")
                with zipfile.ZipFile(self._path) as archive:
                    archive.extractall(unfinished)
                unfinished.rename(content)
        Path(target).rmdir()
        Path(target).symlink_to(content, target_is_directory=True)


class _Queue:
    """Bounds the environments of each function. An invocation beyond the bound waits for as long as it may run."""

    def __init__(self) -> None:
        self._gates: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(_ENVIRONMENTS_PER_FUNCTION)
        )
        self._lock = threading.Lock()

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = func.get("config") or func
        with self._lock:
            gate = self._gates[config["FunctionArn"]]
        if not gate.acquire(timeout=float(config.get("Timeout", 3)) + _INIT_SECONDS):
            throttled: dict[str, Any] = lambda_svc._throttle_response(  # noqa: SLF001
                reason_code="ConcurrentInvocationLimitExceeded", msg="Rate Exceeded."
            )
            return throttled
        try:
            # The emulator's path for custom runtimes hands an environment's own error payload on; Python's does not.
            answer: dict[str, Any] = lambda_svc._execute_function_provided_warm(func, event, request_id)  # noqa: SLF001
            return answer
        finally:
            gate.release()


class _ProxyFailed(Exception):
    """A proxy integration's function failed or answered with something that is not a response."""


class _BadGateway(apigateway_v1._GatewayError):  # type: ignore[misc]  # noqa: SLF001
    """The 502, in the form of the API's DEFAULT_5XX response, that AWS answers then. The emulator shows the error."""


def _patch_gateway() -> None:
    shape, invoke, render = (
        apigateway_v1._lambda_proxy_response,  # noqa: SLF001
        apigateway_v1._invoke_lambda_proxy_v1,  # noqa: SLF001
        apigateway_v1._gateway_error_response,  # noqa: SLF001
    )

    def proxy_response(result: dict[str, Any]) -> Any:
        body = result.get("body")
        if result.get("error") or not (isinstance(body, dict) and "statusCode" in body):
            raise _ProxyFailed
        return shape(result)

    async def invoke_proxy(*args: Any, **kwargs: Any) -> Any:
        try:
            return await invoke(*args, **kwargs)
        except _ProxyFailed:
            return _BadGateway("DEFAULT_5XX", "Internal server error")

    def error_response(error: Any, request: dict[str, Any]) -> Any:
        status, headers, body = render(error, request)
        return (502 if isinstance(error, _BadGateway) and status == 500 else status), headers, body  # noqa: PLR2004

    apigateway_v1._lambda_proxy_response = proxy_response  # noqa: SLF001
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_proxy  # noqa: SLF001
    apigateway_v1._gateway_error_response = error_response  # noqa: SLF001


def _patch_import() -> None:
    """On AWS an API brings its gateway responses and `ANY` methods along in its document; the emulator skips both."""
    import_rest_api = apigateway_v1._import_rest_api  # noqa: SLF001

    def import_with_responses(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id: str = import_rest_api(spec, base_data)
        for response_type, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            apigateway_v1._put_gateway_response(api_id, response_type, response)  # noqa: SLF001
        return api_id

    import_path_item = apigateway_v1._import_path_item  # noqa: SLF001

    def import_with_any(api_id: str, path: str, path_item: dict[str, Any], *more: Any) -> None:
        named = {"any" if method == _ANY_METHOD else method: operation for method, operation in path_item.items()}
        import_path_item(api_id, path, named, *more)

    apigateway_v1._OPENAPI_HTTP_METHODS.add("any")  # noqa: SLF001
    apigateway_v1._import_path_item = import_with_any  # noqa: SLF001
    apigateway_v1._import_rest_api = import_with_responses  # noqa: SLF001


def _patch_distributed_map() -> None:
    """On AWS a distributed map in JSONata is JSONata throughout; the emulator reads its own fields as JSONPath.

    These are its item reader's arguments, its item selector, its output and its assignments. `Items` stays unread.
    """
    resolve, run = stepfunctions._resolve_params_obj, stepfunctions._run_distributed_map  # noqa: SLF001

    def resolve_as_written(template: Any, data: Any, ctx: dict[str, Any] | None = None) -> Any:
        if ctx is not None and ctx.get("QueryLanguage") == "JSONata":
            return stepfunctions._apply_jsonata_template(template, data, ctx)  # noqa: SLF001
        return resolve(template, data, ctx)

    def run_map(state: dict[str, Any], given: Any, effective: Any, processor: Any, execution: Any, ctx: Any) -> Any:
        result, following = run(state, given, effective, processor, execution, ctx)
        if stepfunctions._state_query_language(state, ctx) != "JSONata":  # noqa: SLF001
            return result, following
        output = stepfunctions._apply_jsonata_output(state, given, ctx, result=result, default=result)  # noqa: SLF001
        stepfunctions._apply_state_assign(state, given, ctx, result=result)  # noqa: SLF001
        return output, following

    stepfunctions._resolve_params_obj = resolve_as_written  # noqa: SLF001
    stepfunctions._run_distributed_map = run_map  # noqa: SLF001


def _patch_nested_start() -> None:
    """On AWS a task that starts an execution and waits for it is refused a taken name; the emulator runs it again."""
    start = stepfunctions._invoke_nested_start_execution_sync  # noqa: SLF001

    def start_once(resource: str, given: dict[str, Any]) -> Any:
        arn = f"{given.get('StateMachineArn', '').replace(':stateMachine:', ':execution:')}:{given.get('Name')}"
        if arn in stepfunctions._executions:  # noqa: SLF001
            words = f"Execution already exists: '{arn}'"
            raise stepfunctions._ExecutionError("ExecutionAlreadyExists", words)  # noqa: SLF001
        return start(resource, given)

    stepfunctions._invoke_nested_start_execution_sync = start_once  # noqa: SLF001


def _check() -> None:
    """Raise RuntimeError if the emulator is not the one these patches were written for."""
    expected = {
        lambda_runtime.Worker.__init__: ["self", "func_name", "config", "code_zip"],
        lambda_runtime.Worker._spawn: ["self"],  # noqa: SLF001
        lambda_runtime._worker_class_for: ["config"],  # noqa: SLF001
        lambda_svc._execute_function_warm: ["func", "event", "request_id"],  # noqa: SLF001
        lambda_svc._execute_function_provided_warm: ["func", "event", "request_id"],  # noqa: SLF001
        apigateway_v1._lambda_proxy_response: ["result"],  # noqa: SLF001
        apigateway_v1._gateway_error_response: ["error", "request"],  # noqa: SLF001
        apigateway_v1._import_rest_api: ["spec", "base_data"],  # noqa: SLF001
        apigateway_v1._import_path_item: [  # noqa: SLF001
            "api_id",
            "path",
            "path_item",
            "scheme_map",
            "default_security",
        ],
        apigateway_v1._put_gateway_response: ["api_id", "response_type", "data"],  # noqa: SLF001
        stepfunctions._resolve_params_obj: ["template", "data", "ctx"],  # noqa: SLF001
        stepfunctions._run_distributed_map: [  # noqa: SLF001
            "state_def",
            "raw_input",
            "effective",
            "iterator",
            "execution",
            "ctx",
        ],
        stepfunctions._invoke_nested_start_execution_sync: ["resource", "input_data"],  # noqa: SLF001
    }
    for function, parameters in expected.items():
        if list(inspect.signature(function).parameters) != parameters:
            raise RuntimeError(f"this emulator's {function.__qualname__} takes other parameters than {parameters}")
    spawn = inspect.getsource(lambda_runtime.Worker._spawn)  # noqa: SLF001
    for needed in ("zipfile.ZipFile(", "_detect_runtime_binary(", "_LAMBDA_LAYERS_DIRS"):
        if needed not in spawn:
            raise RuntimeError(f"this emulator's Worker._spawn no longer has {needed}")


def apply() -> None:
    """Put every patch in place. Raises RuntimeError on an emulator they were not written for."""
    _check()
    lambda_runtime._PYTHON_WORKER_SCRIPT = Path(runtime.__file__).read_text(encoding="utf-8")  # noqa: SLF001
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
    lambda_runtime._worker_class_for = lambda _config: Environment  # noqa: SLF001
    lambda_svc._execute_function_warm = _Queue().execute  # noqa: SLF001
    _patch_gateway()
    _patch_import()
    _patch_distributed_map()
    _patch_nested_start()
