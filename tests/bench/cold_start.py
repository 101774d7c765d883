"""Cold start of each API function's built artefact against a floor: boto3 client and Powertools' Logger, with .pyc."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.openapi import apis
from tests.bench.measuring import ROOT, Process, median_ratio, run_process

BUILD = ROOT / ".aws-sam" / "local" / "build"
ROUNDS = 9
FLOOR = "import boto3, aws_lambda_powertools as p; p.Logger(); boto3.client('dynamodb')"
# What a cold environment does before its first AWS call: import the function, make the logger and the client.
OURS = "import app; from marquee import ddb, observability as o; o.logger(); ddb.aws_client('dynamodb')"
# Counts the sources that Python had to compile because they came without a .pyc.
COMPILED = (
    "import sys, importlib._bootstrap_external as b; n = []; k = b.SourceLoader.source_to_code\n"
    "b.SourceLoader.source_to_code = lambda s, d, p, **q: (n.append(p), k(s, d, p, **q))[1]\n"
    "import app; print(len(n), file=sys.stderr); sys.exit(len(n) > 0)"
)


def api_functions() -> list[str]:
    """The logical ids of the functions that answer requests."""
    return ["".join(part.capitalize() for part in group.split("_")) + "Function" for group, _ in apis()]


def section() -> str:
    """Measure and report as Markdown. Raises SystemExit where nothing is built for this interpreter."""
    if not BUILD.exists():
        raise SystemExit("nothing is built: make run EXIT=1 builds for this machine")
    layers = [BUILD / "DepsLayer" / "python", BUILD / "CoreLayer" / "python"]
    functions = api_functions()
    with tempfile.TemporaryDirectory() as folder:
        # The floor's boto3 with .pyc, beside the layer's botocore untrimmed as an ordinary function would have it.
        floor_path = Path(folder)
        for name in ("boto3", "s3transfer", "botocore", "jmespath"):
            spec = importlib.util.find_spec(name)
            assert spec
            assert spec.origin
            shutil.copytree(Path(spec.origin).parent, floor_path / name)
        subprocess.run([sys.executable, "-m", "compileall", "-q", folder], check=True)
        floor: list[Process] = []
        ours: dict[str, list[Process]] = {name: [] for name in functions}
        for _ in range(ROUNDS):
            floor.append(run_process(FLOOR, [floor_path, layers[0]], floor_path))
            for name in functions:
                ours[name].append(run_process(OURS, [BUILD / name, *reversed(layers)], BUILD / name))
    rows = []
    for name in functions:
        time_ratio = median_ratio([one.seconds for one in ours[name]], [one.seconds for one in floor])
        memory = median_ratio([one.peak_kib for one in ours[name]], [one.peak_kib for one in floor])
        try:
            run_process(COMPILED, [BUILD / name, *reversed(layers)], BUILD / name)
            compiled = "0"
        except RuntimeError as error:
            compiled = str(error).strip().splitlines()[-1]
        rows.append(f"| {name} | {time_ratio:.2f} | {memory:.2f} | {compiled} |")
    return (
        "## Cold start\n\n"
        f"A fresh interpreter imports the built function and makes logger and client; {ROUNDS} rounds, in turns with\n"
        "a floor (boto3 client and Powertools' Logger, with .pyc). Goals: time <= 1.10, memory <= 1.05, 0 compiled.\n\n"
        "| function | time / floor | peak memory / floor | sources compiled |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
