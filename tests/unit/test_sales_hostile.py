"""The corpus of hostile files: each is refused for its own reason, in little memory, and kills nothing."""

from pathlib import Path

import pytest

from marquee.sales.workbooks import looks, trial, trial_child
from marquee.sales.workbooks.looks import Inspection, NotAWorkbook
from tests.support import hostile, refusing

# The goal is 2 s and 256 MiB a file; tests run on busy machines.
SECONDS = 20
MIB = 256


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, refusing.Refused]:
    """What became of each file, taken one after another in a process of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    honest = folder / "honest"
    honest.write_bytes(hostile.plain())
    for name in hostile.CORPUS:
        (folder / name).write_bytes(hostile.made(name))
    results = refusing.measured(honest, [folder / name for name in hostile.CORPUS])
    return dict(zip(hostile.CORPUS, results, strict=True))


@pytest.mark.parametrize("name", hostile.CORPUS)
def test_each_file_is_refused_for_its_own_reason(name: str, found: dict[str, refusing.Refused]) -> None:
    assert found[name].code == hostile.CORPUS[name][1]
    assert found[name].seconds < SECONDS


def test_refusing_all_of_them_takes_little_memory(found: dict[str, refusing.Refused]) -> None:
    last = list(found.values())[-1]
    assert last.own_mib < MIB
    assert 0 < last.child_mib < MIB


def test_laborious_texts_and_ranges_cost_no_more_than_their_length(tmp_path: Path) -> None:
    # Given files of some hundred kilobytes that may be read, and would take minutes of careless reading
    paths = [tmp_path / name for name in ("honest", *hostile.LABORIOUS)]
    contents = [hostile.plain(), *(make() for make in hostile.LABORIOUS.values())]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    results = refusing.measured(paths[0], paths[1:])
    # Then each is read, or refused for what its columns are, in the time of its length
    assert {one.code for one in results} == {"read", "columns.missing"}
    assert max(one.seconds for one in results) < SECONDS
    assert results[-1].own_mib < MIB


# --- the trial --------------------------------------------------------------------------------------------------------


def inspected(kind: looks.Kind = "xlsx", *, cells: int = 10) -> Inspection:
    return Inspection(kind=kind, parts=1, from_1904=False, unpacked_bytes=1000, cells=cells, area=cells, certain=False)


@pytest.fixture
def honest(tmp_path: Path) -> str:
    path = tmp_path / "report"
    path.write_bytes(hostile.plain())
    return str(path)


def outcome_of(monkeypatch: pytest.MonkeyPatch, honest: str, program: str) -> str:
    """The code of the refusal where the child runs this program instead of its own."""
    script = Path(honest).with_name("child.py")
    script.write_text(program)
    monkeypatch.setattr(trial_child, "__file__", str(script))
    with pytest.raises(NotAWorkbook) as caught:
        trial.attempt(honest, inspected())
    return caught.value.code


def test_an_honest_file_passes_its_trial(honest: str) -> None:
    trial.attempt(honest, inspected())


def test_a_child_that_dies_says_nothing_or_fails_is_a_refusal(monkeypatch: pytest.MonkeyPatch, honest: str) -> None:
    for program in ("import os; os.abort()", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "", "1 / 0"):
        assert outcome_of(monkeypatch, honest, program) == "file.too_demanding"


def test_a_child_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch, honest: str) -> None:
    # Given one that works for ever, and one that waits for ever
    own = Path(trial_child.__file__).read_text("utf-8").replace("sys.stdout.write", "while True: pass\n    print")
    assert outcome_of(monkeypatch, honest, own) == "file.too_demanding"
    monkeypatch.setattr(trial, "_MOST_WAITING", 0.2)
    assert outcome_of(monkeypatch, honest, "import time; time.sleep(60)") == "file.too_demanding"


def test_the_child_has_no_more_memory_than_an_honest_file_takes(monkeypatch: pytest.MonkeyPatch, honest: str) -> None:
    own = Path(trial_child.__file__).read_text("utf-8").replace("import python_calamine", "bytearray(2**28)")
    assert outcome_of(monkeypatch, honest, own) == "file.too_demanding"


def test_the_child_is_told_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch, honest: str) -> None:
    # Given credentials in the environment
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    told = Path(honest).with_name("told")
    outcome_of(monkeypatch, honest, f"import os; open({str(told)!r}, 'w').write(repr(dict(os.environ)))")
    # Then they are not in the child's
    assert "secret" not in told.read_text()
    assert "AWS" not in told.read_text()


def test_what_the_child_read_is_measured_again() -> None:
    # Given a child that found a larger sheet than the look did
    with pytest.raises(NotAWorkbook) as caught:
        trial.raise_for(0, b'{"outcome": "read", "sheets": [[10, 3], [1048576, 600]]}')
    assert caught.value.code == "file.too_spread_out"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("password", "file.password_protected"), ("unreadable", "file.damaged"), ("memory", "file.too_demanding")],
)
def test_what_the_child_says_becomes_a_sentence(outcome: str, code: str) -> None:
    with pytest.raises(NotAWorkbook) as caught:
        trial.raise_for(0, f'{{"outcome": "{outcome}"}}'.encode())
    assert caught.value.code == code


def test_allowances_grow_with_the_content_and_have_an_end() -> None:
    small, large, huge = (inspected(cells=cells) for cells in (100, 1_000_000, 100_000_000))
    assert small.memory < large.memory < huge.memory == 2 * 1024**3
    assert small.seconds < large.seconds
