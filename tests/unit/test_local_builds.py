import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import deploy
from local.project import LocalError


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built: in a directory of its own, as quickly as a file is written."""
    done: list[str] = []

    def build(wanted: str, _log: Path, _url: str) -> None:
        done.append(wanted)
        (tmp_path / "build").mkdir(exist_ok=True)
        (tmp_path / "build" / "template.yaml").write_text("Resources: {}")
        (tmp_path / "stamp").write_text(wanted)

    monkeypatch.setattr(deploy, "_HOME", tmp_path)
    monkeypatch.setattr(deploy, "_BUILD", tmp_path / "build")
    monkeypatch.setattr(deploy, "_STAMP", tmp_path / "stamp")
    monkeypatch.setattr(deploy, "_build", build)
    monkeypatch.setattr(deploy, "fingerprint", lambda: "as it is")
    return done


def test_of_stacks_that_start_at_once_one_builds_and_all_deploy_side_by_side(builds: list[str], tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=20)

    def start(number: int) -> bool:
        with deploy.built(tmp_path / f"{number}.log", "http://127.0.0.1") as changed:
            together.wait()  # breaks unless all three are here at the same time
            return changed

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(start, range(3))) == [False, False, True]
    assert builds == ["as it is"]


def test_nobody_builds_while_somebody_deploys(builds: list[str], tmp_path: Path) -> None:
    with (tmp_path / "in-use").open("w") as lock:
        with deploy.built(tmp_path / "log", "http://127.0.0.1"), pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_failed_to_build_is_built_by_the_next(
    builds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LocalError("sam build failed")

    with monkeypatch.context() as broken:
        broken.setattr(deploy, "_build", fail)
        with pytest.raises(LocalError), deploy.built(tmp_path / "log", "http://127.0.0.1"):
            pass
    with deploy.built(tmp_path / "log", "http://127.0.0.1") as changed:
        assert changed
    assert builds == ["as it is"]
