import gzip
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from local.backtest import __main__ as command
from local.backtest import classical, reading, replaying, report
from tests.support.curves import season

HEAD = "event_date,sale_date,category,tickets,revenue,cancelled"


def written(path: Path, *lines: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *lines, ""]), "utf-8")
    return path


def test_the_file_is_read_as_events_by_date_with_the_99th_percentile_as_capacity(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    rows = ["2026-05-02,2026-05-01,A,3,9.0,0", "2026-05-02,2026-05-01,B,2,9.0,1", "2026-05-01,2026-04-01,A,4,0.00,0"]
    path.write_bytes(gzip.compress("\n".join([HEAD, *rows]).encode()))

    curves = reading.read(path)

    assert [(one.facts.day, one.sales) for one in curves] == [
        (date(2026, 5, 1), ((30, 4),)),
        (date(2026, 5, 2), ((1, 5),)),
    ]
    assert {one.facts.capacity for one in curves} == {5}  # 4.99, rounded up


@pytest.mark.parametrize(
    ("head", "row", "told"),
    [
        ("event_date,tickets", "2026-05-01,3", "line 1: there is no column 'sale_date'"),
        (HEAD, "2026-13-01,2026-05-01,A,3,1,0", "line 2: column 'event_date': '2026-13-01' is not a date"),
        (HEAD, "2026-05-01,soon,A,3,1,0", "line 2: column 'sale_date': 'soon' is not a date"),
        (HEAD, "2026-05-01,2026-05-01,A,3.5,1,0", "line 2: column 'tickets': '3.5' is not a whole number"),
        (HEAD, "2026-05-01", "line 2: column 'sale_date': '' is not a date"),
        (HEAD, "", "has no sales"),
        (HEAD, "2026-05-01,2026-05-01,A,3,1,0", "has 1 events; a back-test needs 40"),
    ],
)
def test_bad_input_ends_with_2_and_names_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], head: str, row: str, told: str
) -> None:
    path = written(tmp_path / "sales.csv", row, head=head)

    assert command.main([str(path)]) == 2

    assert capsys.readouterr().err.startswith(f"error: {path}: {told}")


def test_a_file_that_is_missing_or_no_gzip_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = written(tmp_path / "plain.csv.gz", "2026-05-01,2026-05-01,A,3,1,0")

    statuses = [command.main([str(tmp_path / "none.csv")]), command.main([str(plain)]), command.main([""])]

    assert statuses == [2, 2, 2]
    told = capsys.readouterr().err
    assert "none.csv: cannot be read: No such file" in told
    assert "plain.csv.gz: cannot be read: Not a gzipped file" in told
    assert "make backtest DATA=" in told


def test_classical_methods_by_hand() -> None:
    # Four events a week apart: finals 10, 20, 30, 40, of which 5, 8, 20, 10 were sold a day before.
    days = np.array([7, 14, 21, 28])
    reached = np.array([[10.0, 5.0], [20.0, 8.0], [30.0, 20.0], [40.0, 10.0]])

    found = classical.options(days, reached, 1)
    whole = {name: next(reversed(one.values())).tolist() for name, one in found.items()}

    assert all(np.isnan(one[0]) for one in whole.values())
    assert whole["naive mean"][1:] == [10, 15, 20]
    assert whole["same weekday"][1:] == [10, 20, 30]
    # Mean pick-ups 5, (5+12)/2, (5+12+10)/3; ratios 10/5, 30/13, 60/33.
    assert whole["additive"][1:] == [13, 28.5, 19]
    assert whole["multiplicative"][1:] == pytest.approx([16, 20 * 30 / 13, 10 * 60 / 33])
    # Levels with alpha 0.5: 10, 15, 22.5.
    assert whole["smoothing"][1:] == [10, 15, 22.5]


def test_a_window_takes_the_latest_finished_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classical, "WINDOWS", (2, 0))
    days, reached = np.array([7, 14, 21, 28]), np.array([[10.0, 5.0], [20.0, 8.0], [30.0, 20.0], [40.0, 10.0]])

    found = classical.options(days, reached, 1)

    assert found["additive"]["2 events"][3] == 10 + (12 + 10) / 2
    assert found["multiplicative"]["2 events"][3] == pytest.approx(10 * 50 / 28)


def test_parameters_are_chosen_on_the_first_events_alone() -> None:
    finals = np.array([2.0, 2, 2, 9])
    found = {7: {"additive": {"14 events": np.array([np.nan, 1, 2, 9]), "all events": np.array([np.nan, 2, 2, 0])}}}

    assert classical.choices(found, finals, 3) == {"additive": "all events"}
    assert classical.choices(found, finals, 4) == {"additive": "14 events"}


def test_classical_methods_know_only_what_was_finished() -> None:
    days = np.array([1, 2, 3, 10])

    assert classical.known(days, 2).tolist() == [0, 0, 1, 3]


def results(ours: list[float], low: list[float]) -> dict[int, dict[str, classical.Array]]:
    final = np.array([0.5, 1.0])
    naive, smoothing = np.array([0.7, 0.8]), np.array([0.5, 0.7])
    beside = {"final": final, "low": np.array(low), "high": np.array([0.6, 1.1]), "hindsight": np.array([0.5, 0.8])}
    return {7: beside | {"marquee": np.array(ours), "naive mean": naive, "smoothing": smoothing}}


def test_the_figures_by_hand() -> None:
    told = list(report.lines(results([0.6, 0.9], [0.4, 1.05]), 100))

    # Ours: errors 0.1 and 0.1 of 1.5; naive 0.2 and 0.2; smoothing 0 and 0.3.
    assert told[1].split() == ["7", "marquee", "2", "10.00", "13.33%", "0.00", "50.0%"]
    assert told[2].split() == ["7", "naive", "mean", "2", "20.00", "26.67%", "0.00"]
    assert told[3].split() == ["7", "smoothing", "2", "15.00", "20.00%", "-15.00"]
    assert told[4] == "7 days before: lowest is marquee; best classical smoothing, gain 33.3 %"
    assert told[5] == "with each horizon's best classical method and parameter in hindsight: 0.0 %"
    assert told[6] == "average gain over the best classical method: 33.3 %"


def test_lowest_everywhere_is_strict() -> None:
    assert report.lowest_everywhere(results([0.6, 0.9], [0, 0]))
    assert not report.lowest_everywhere(results([0.5, 0.7], [0, 0]))
    assert not report.lowest_everywhere(results([0.6, 0.9], [0, 0]) | {3: results([0.9, 0.9], [0, 0])[7]})


def test_a_season_is_replayed_and_ours_is_the_lowest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "_TRAININGS", 16)
    rows = [
        f"{one.facts.day},{one.facts.day - timedelta(days=lead)},A,{sold},1,0"
        for one in season(220, lead=120)
        for lead, sold in one.sales
    ]

    status = command.main([str(written(tmp_path / "season.csv", *rows))])

    told = capsys.readouterr().out.splitlines()
    assert told[0] == "220 events from 2024-01-01 to 2024-08-07, capacity 168"
    assert told[-1].startswith("average gain over the best classical method: ")
    assert float(told[-1].split()[-2]) > 5
    leaders = [line.split("lowest is ")[1].split(";")[0] for line in told if "lowest is" in line]
    assert len(leaders) == len(replaying.HORIZONS)
    assert status == (0 if set(leaders) == {"marquee"} else 1)
    assert leaders.count("marquee") >= 6


def test_no_prediction_uses_what_came_later() -> None:
    curves = season(70)
    days, _ = replaying.table(curves)
    cut = {row: curves[row].facts.day - timedelta(days=7) for row in (40, 60)}

    whole = replaying.ours(curves, days, 20)
    for row, as_of in cut.items():
        known = [
            type(one)(one.facts, tuple((lead, n) for lead, n in one.sales if (one.facts.day - as_of).days <= lead))
            for one in curves
        ]
        without = replaying.ours(known, days, 20)
        assert without[7][0][row] == whole[7][0][row]
