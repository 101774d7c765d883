"""The sales graph's picture: well-formed, complete, told in words, and the same for the same chart."""

import re
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.demand import graph_axes, graph_legend, graph_text
from marquee.demand.graph_drawing import draw
from marquee.demand.graph_models import Chart
from marquee.demand.models import Comparable
from tests.support.graphs import REASON, SHOW, TODAY, chart

SVG = "{http://www.w3.org/2000/svg}"
CURVES = ("actual", "benchmark", "prediction")


def drawn(of: Chart) -> ET.Element:
    return ET.fromstring(draw(of))  # noqa: S314 - our own picture


def texts(picture: ET.Element) -> list[str]:
    return [str(one.text) for one in picture.iter(f"{SVG}text")]


def curve(picture: ET.Element, style: str) -> list[tuple[float, float]]:
    """The places of the longest path of this style: the other one is the legend's."""
    paths = [str(one.get("d")) for one in picture.iter(f"{SVG}path") if str(one.get("class")).split()[-1] == style]
    longest = max(paths, key=len, default="")
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", longest)]


def test_the_picture_has_every_curve_from_edge_to_edge_and_the_words_to_each() -> None:
    # Given 4,200 of 12,000 tickets sold, 42 days before the event
    picture = drawn(chart())
    # Then what is sold goes up to today, where the prediction begins, which ends with the band at the event
    sold, benchmark, predicted, band = (curve(picture, style) for style in (*CURVES, "band"))
    assert sold[-1] == predicted[0] == pytest.approx(band[0])
    assert predicted[-1][0] == benchmark[-1][0] == max(x for x, _ in band)
    assert band[len(band) // 2 - 1][1] < predicted[-1][1] < band[len(band) // 2][1]
    # there and back again
    days = [x for x, _ in predicted]
    assert [x for x, _ in band] == days + days[::-1]
    # the axes have both units
    found = texts(picture)
    assert {"100%", "50%", "0%", "10,000", "% of capacity", "tickets", "12 Jun", "event", "30"} <= set(found)
    assert {"days before the event", "today, 1 May", "Aurora Night"} <= set(found)
    # the legend says what the curves say
    assert "Sold: 35% (4,200 of 12,000 tickets)" in found
    assert "Comparable events: 52% by now, 80% in the end" in found
    assert "Predicted: 90% (80% interval: 80% to 100%)" in found
    assert found[-1] == "Learnt from 48 past events. As of 1 May 2026."
    # and so does the description
    description = picture.findtext(f"{SVG}desc")
    assert description is not None
    assert "12 Jun 2026. Sold: 35%" in description
    assert picture.findtext(f"{SVG}title") == "Aurora Night: ticket sales"


def test_nothing_is_loaded_or_run_and_dark_is_the_viewers_choice() -> None:
    picture = draw(chart(title='<script>alert("1")</script> & <b>'))
    assert "<script" not in picture
    assert not re.search(r"href|url\(|@import|<image|<foreignObject|\son\w+=", picture)
    assert picture.count("http") == 1  # the name space
    assert "@media (prefers-color-scheme:dark)" in picture
    assert texts(ET.fromstring(picture))[0] == '<script>alert("1")</script> & <b>'  # noqa: S314 - our own picture


def test_curves_differ_by_line_style_as_by_colour() -> None:
    style = str(drawn(chart()).findtext(f"{SVG}style"))
    light, dark = style.split("@media")
    dashes = {
        name: re.search(rf"\.{name}{{[^}}]*?(?:stroke-dasharray:([^;}}]+))?}}", light)[1]  # type: ignore[index]
        for name in CURVES
    }
    assert len(set(dashes.values())) == len(CURVES)
    for part in (light, dark):
        colours = [re.search(rf"\.{name}{{stroke:(#\w+)", part)[1] for name in CURVES]  # type: ignore[index]
        assert len(set(colours)) == len(CURVES)


WORDS = st.text(max_size=200) | st.sampled_from(
    ["🎉👩‍👩‍👧‍👦🇩🇪" * 20, "שלום " * 60, "W" * 300, "\u202eevil", "a\x00b", "\ud800"]
)


@settings(max_examples=40, deadline=None)
@given(
    title=WORDS,
    venue=WORDS,
    capacity=st.sampled_from([0, 1, 7, 999, 12_000, 80_000, 50_000_000]),
    share=st.floats(-0.1, 1.3),
    days=st.integers(0, 900),
    ahead=st.integers(-900, 900),
    final=st.none() | st.floats(0.0, 1.3),
)
def test_whatever_is_drawn_is_well_formed_and_inside_the_picture(
    title: str, venue: str, capacity: int, share: float, days: int, ahead: int, final: float | None
) -> None:
    # Given an event that began to sell some days ago and is some days ahead, or over
    sold = {TODAY - timedelta(days=days): round(share * capacity / 2), TODAY: round(share * capacity / 2)}
    of = chart(
        sold, final if capacity else None, title=title, venue=venue, capacity=capacity,
        event_day=TODAY + timedelta(days=ahead),
    )  # fmt: skip
    # When it is drawn twice
    picture = drawn(of)
    assert draw(of) == draw(of)
    # Then all of it is inside the picture
    _, _, wide, high = (float(one) for one in str(picture.get("viewBox")).split())
    places = [place for style in (*CURVES, "band") for place in curve(picture, style)]
    for one in picture.iter(f"{SVG}text"):
        places.append((float(str(one.get("x"))), float(str(one.get("y")))))
        anchor = {"end": 1.0, "mid": 0.5}
        begins = places[-1][0] - sum(anchor.get(name, 0) for name in str(one.get("class")).split()) * graph_text.width(
            str(one.text), 17 if "small" in str(one.get("class")) else 20
        )
        assert begins >= 0, one.text
    assert all(0 <= x <= wide and 0 <= y <= high for x, y in places)
    # and curves go from left to right
    assert all(a[0] <= b[0] for style in CURVES for a, b in pairwise(curve(picture, style)))


def test_without_a_prediction_the_picture_says_why() -> None:
    picture = drawn(chart(final=None))
    assert curve(picture, "actual")
    assert not curve(picture, "benchmark")
    assert not curve(picture, "prediction")
    assert " ".join(texts(picture)).count(REASON[:40]) == 1
    nothing = texts(drawn(chart({}, None)))
    assert "Nothing sold yet" in nothing
    assert "Sold: 0% (0 of 12,000 tickets)" in nothing
    # and of an event whose capacity is not known tickets are shown
    tickets = texts(drawn(chart({TODAY: 40}, None, capacity=0)))
    assert "Sold: 40 tickets, the capacity is not known" in tickets
    assert {"0", "40", "50"} <= set(tickets)


def test_an_event_that_is_over_is_compared_with_the_end_and_not_predicted() -> None:
    over = drawn(chart({SHOW: 6_000}, 0.5, today=SHOW + timedelta(days=400), cancelled=True))
    assert "Comparable events: 80% in the end" in texts(over)
    assert not curve(over, "prediction")
    assert not [one for one in texts(over) if "today" in one or "Predicted" in one]
    assert any("cancelled" in one for one in texts(over))


def test_shortly_before_the_event_early_days_are_left_out_and_that_is_said() -> None:
    # Given an event in five days that has been selling for 290
    first = TODAY - timedelta(days=285)
    sold = {first: 3_000, TODAY - timedelta(days=20): 1_000}
    soon = drawn(chart(sold, event_day=TODAY + timedelta(days=5)))
    # Then the last 60 days are drawn, with all tickets
    assert "days before the event (first sales on 20 Jul 2025)" in texts(soon)
    assert {"56", "14", "event"} <= set(texts(soon))
    assert not {"70", "90", "120"} & set(texts(soon))
    assert "Sold: 33% (4,000 of 12,000 tickets)" in texts(soon)
    assert (len(curve(soon, "actual")), len(curve(soon, "benchmark"))) == (56, 61)
    # and all days where the event is over, or far ahead
    for show in (TODAY - timedelta(days=1), TODAY + timedelta(days=200)):
        assert "days before the event" in texts(drawn(chart(sold, event_day=show)))


def test_more_than_all_is_drawn_with_the_line_of_the_capacity() -> None:
    picture = drawn(chart({TODAY: 14_000}, 1.2))
    assert [one.get("class") for one in picture.iter(f"{SVG}line")].count("full") == 1
    assert "Sold: 117% (14,000 of 12,000 tickets)" in texts(picture)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 3), st.integers(1, 10**8), st.integers(-3000, 0), st.integers(0, 60))
def test_ticks_are_few_rising_and_within_the_axis(highest: float, capacity: int, first: int, last: int) -> None:
    top = graph_axes.top(highest)
    assert top >= highest
    shares, tickets = graph_axes.share_ticks(top), graph_axes.ticket_ticks(top * capacity)
    days = graph_axes.day_ticks(first, max(last, first + 1), 7)
    for ticks, end in ((shares, top), (tickets, top * capacity), (days, max(last, first + 1))):
        assert ticks == sorted(set(ticks))
        assert len(ticks) <= 7
        assert ticks[-1] <= end + 1e-6
    assert shares[0] == tickets[0] == 0
    assert days[0] >= first
    assert first > 0 or last < 0 or 0 in days
    assert len({graph_text.percent(share) for share in shares}) == len(shares)
    assert len({graph_text.count(number) for number in tickets}) == len(tickets)


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (0, "0%"),
        (0.034, "3.4%"),
        (0.03, "3%"),
        (0.625, "62%"),
        (0.9961, "99.6%"),
        (0.99999, "99.9%"),
        (1, "100%"),
        (1.182, "118%"),
    ],
)
def test_per_cent_in_words(fraction: float, words: str) -> None:
    assert graph_text.percent(fraction) == words


def test_what_belongs_together_is_not_torn_apart() -> None:
    family = "👩‍👩‍👧‍👦"
    for line in graph_text.wrapped(family * 20 + "e\u0301" * 80, 20, 200, 9):
        assert not line.startswith(("\u200d", "\u0301"))
        assert not line.endswith("\u200d")
    assert graph_text.wrapped("one two three four", 20, 130, 2) == ["one two", "three four"]
    assert graph_text.wrapped("one two three four", 20, 130, 1) == ["one two…"]


def test_a_title_is_one_line_that_xml_takes_and_turns_nothing_around() -> None:
    assert graph_text.clean(" Aurora\n\tNight\x00 \u202eevil\u2069 \ud800\ufffe👍 שלום ") == "Aurora Night evil 👍 שלום"


def test_the_source_names_what_weighs_most_first() -> None:
    traits = [Comparable("season", "12", 12, 0.2), Comparable("category", "opera", 31, 0.7)]
    assert (
        graph_legend.basis(48, traits)
        == "Learnt from 48 past events, most of all category opera (31), season December (12)."
    )
    assert graph_legend.basis(8, [Comparable("weekday", "4", 1, 0.002)]) == "Learnt from 8 past events."
    assert graph_legend.basis(0, []) is None
    assert graph_legend.place(chart(city="")) == "Olympiahalle\u200e\u00a0· \u200e12 Jun 2026"


def test_days_in_words() -> None:
    assert graph_text.full_day(date(2026, 3, 1)) == "1 Mar 2026"
    assert graph_text.month_year(date(2026, 3, 1)) == "Mar 2026"
