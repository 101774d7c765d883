"""Finishing touches on what ``sam build`` made: bytecode beside every source, and only the service models we call.

Lambda's task root and ``/opt`` are read-only, so a package that ships without ``.pyc`` files is compiled again by every
cold environment. Unchecked hash-based files are used whatever their time stamps say, which zip files do not keep.

Run ``python -m local.bytecode .aws-sam/build``. Running it again does nothing. Standard library only, because the
compilation is done by the interpreter that the artefacts are for.
"""

import argparse
import gzip
import importlib.util
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

# The services that functions may ask botocore for; a unit test compares it with what the code asks for.
SERVICES = frozenset(
    ("cloudwatch", "dynamodb", "events", "lambda", "s3", "scheduler", "secretsmanager", "sqs", "stepfunctions", "sts")
)

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def trim(build: Path) -> list[str]:
    """Remove botocore's models of services outside `SERVICES` from every artefact; gives the names removed.

    Its table of endpoints, read by every new client, loses the other services' rows too.
    """
    removed: list[str] = []
    for data in build.glob("*/**/botocore/data"):
        for model in data.iterdir():
            if model.is_dir() and model.name not in SERVICES:
                shutil.rmtree(model)
                removed.append(model.name)
        if removed:
            _trim_endpoints(data)
    return removed


def _trim_endpoints(data: Path) -> None:
    wanted = set()
    for model in data.glob("*/*/service-2.json.gz"):
        with gzip.open(model) as file:
            wanted.add(json.load(file)["metadata"]["endpointPrefix"])
    table = data / "endpoints.json"
    endpoints = json.loads(table.read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: row for name, row in partition["services"].items() if name in wanted}
    table.write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def stale(sources: Path) -> Iterator[Path]:
    """The ``.py`` files below `sources` whose bytecode, for the running interpreter, is missing or of another text."""
    for source in sorted(sources.rglob("*.py")):
        target = Path(importlib.util.cache_from_source(str(source)))
        header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source.read_bytes())
        if not target.exists() or target.read_bytes()[:16] != header:
            yield source


def _compile(source: Path, shown: str) -> bool:
    try:
        py_compile.compile(
            str(source), dfile=shown, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
    except (py_compile.PyCompileError, SyntaxError, ValueError):
        return False  # packages ship templates and test data that only look like Python
    return True


def compile_tree(build: Path) -> int:
    """Compile what is stale below `build` with the running interpreter, on all cores; gives how many files that were.

    The path kept in a code object is relative, so two builds of one source are equal byte for byte; on import Python
    replaces it by the real one.
    """
    sources = list(stale(build))
    shown = [str(source.relative_to(build)) for source in sources]
    with ProcessPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        return sum(pool.map(_compile, sources, shown, chunksize=32))


def built_for(build: Path) -> str:
    """The interpreter, e.g. ``python3.13``, that ``sam build`` resolved for the layers and functions in `build`."""
    template = (build / "template.yaml").read_text(encoding="utf-8")
    found = re.search(r"BuildMethod:\s*(python3\.\d+)", template)
    return found[1] if found else f"python3.{sys.version_info.minor}"


def settle(build: Path) -> None:
    """Make what the artefacts were built for the defaults of the built template: a deployment names no other."""
    template = build / "template.yaml"
    text = template.read_text(encoding="utf-8")
    for parameter, key in (("PythonRuntime", "BuildMethod"), ("Architecture", "BuildArchitecture")):
        built = re.search(rf"{key}:\s*(\S+)", text)
        if built is not None:
            default = rf"^(  {parameter}:\n(?:    .*\n)*?    Default: )\S+"
            text = re.sub(default, rf"\g<1>{built[1]}", text, flags=re.MULTILINE)
    template.write_text(text, encoding="utf-8")


def finish(build: Path) -> int:
    """Trim and compile the artefacts in `build`; gives the number of files compiled, 0 when all was done before.

    When the interpreter that the artefacts are for is not on this machine, a warning is printed and the sources stay
    as they are: they work, only slower.
    """
    trim(build)
    settle(build)
    wanted = built_for(build)
    if wanted == f"python3.{sys.version_info.minor}":
        return compile_tree(build)
    interpreter = shutil.which(wanted)
    if interpreter is not None:
        run = subprocess.run(
            [interpreter, __file__, "--compile-only", str(build)], capture_output=True, text=True, check=False
        )
        if run.returncode == 0:
            return int(run.stdout)
    print(f"warning: no working {wanted} here; the artefacts go without bytecode and start slower", file=sys.stderr)
    return 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.bytecode", description=finish.__doc__)
    parser.add_argument("build", type=Path, help="the build directory, .aws-sam/build")
    parser.add_argument("--compile-only", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    print(compile_tree(args.build) if args.compile_only else f"compiled {finish(args.build)} files")


if __name__ == "__main__":
    main()
