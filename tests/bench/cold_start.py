"""Cold start of each API function's built artefact against a floor: boto3 client and Powertools' Logger, with .pyc."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import s3transfer

from tests.bench.measuring import ROOT, Process, median_ratio, run_process

BUILD = ROOT / ".aws-sam" / "build"
ROUNDS = 9
FLOOR = "import boto3, aws_lambda_powertools as p; p.Logger(); boto3.client('dynamodb')"
# What a cold environment does before its first AWS call: import the function, make the logger and the client.
OURS = "import app; from marquee import ddb, observability as o; o.logger(); ddb.aws_client('dynamodb')"
# Sources that Python compiled because no .pyc was there: the import system's own report of what it wrote or would write.
COMPILED = (
    "import sys, importlib._bootstrap_external as b; n = []; k = b.SourceLoader.source_to_code\n"
    "b.SourceLoader.source_to_code = lambda s, d, p, **q: (n.append(p), k(s, d, p, **q))[1]\n"
    "import app; print(len(n), file=sys.stderr); sys.exit(len(n) > 0)"
)


def api_functions() -> list[str]:
    """The built functions that answer requests."""
    groups = json.loads(
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import json; from local.openapi import apis; print(json.dumps([g for g, _ in apis()]))",
            ],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT / "layers" / "core"), "AWS_DEFAULT_REGION": "eu-central-1"},
            capture_output=True,
            check=True,
        ).stdout
    )
    return ["".join(part.capitalize() for part in group.split("_")) + "Function" for group in groups]


def section() -> str:
    """Measure and report as Markdown. Raises SystemExit where nothing is built for this interpreter."""
    if not BUILD.exists():
        raise SystemExit("nothing is built: make run EXIT=1 builds for this machine")
    layers = [BUILD / "DepsLayer" / "python", BUILD / "CoreLayer" / "python"]
    functions = api_functions()
    with tempfile.TemporaryDirectory() as folder:
        # The floor's boto3 with .pyc, beside the layer's botocore untrimmed as an ordinary function would have it.
        floor_path = Path(folder)
        import botocore
        import jmespath

        for package in (boto3, s3transfer, botocore, jmespath):
            assert package.__file__
            source = Path(package.__file__).parent
            shutil.copytree(source, floor_path / source.name)
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
        f"A fresh interpreter imports the built function and makes logger and client; {ROUNDS} rounds, interleaved with the "
        "floor (boto3 client and Powertools' Logger, with .pyc). Goals: time <= 1.10, memory <= 1.05, 0 sources compiled.\n\n"
        "| function | time / floor | peak memory / floor | sources compiled |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
