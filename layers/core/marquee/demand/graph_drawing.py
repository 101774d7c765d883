"""The sales graph as a picture: an SVG that stands alone, without scripts, fonts or anything else from elsewhere.

Made to be embedded with `<img>`: light or dark as the viewer's system is, and legible at half its size. The curves are
told apart by colour (Okabe and Ito's palette, safe for colour-blind eyes), by line style and by the legend's words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple, cast

from marquee.demand import graph_axes, graph_legend
from marquee.demand.graph_models import Chart
from marquee.demand.graph_text import clean, count, day_month, month_year, percent, width, wrapped, xml

_WIDTH = 800
_LEFT, _RIGHT, _MARGIN = 92, 690, 24
_PLOT = 300
_TITLE, _TEXT, _SMALL = 27, 20, 17
_MAX_TICKS = 7
_LONG = 300  # days from which on ticks say the year
_SHOWN, _SHOWN_PER_DAY_TO_GO = 60, 6

_STYLE = """\
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}
text{font-size:20px;fill:#1b1f24}
.title{font-size:27px;font-weight:700}.soft{fill:#4d5560}.small{font-size:17px}.end{text-anchor:end}
.mid{text-anchor:middle}.ground{fill:#fff}.grid{stroke:#dfe3e8;stroke-width:1}.axis{stroke:#59616c;stroke-width:1.5}
.mark{stroke:#59616c;stroke-width:1.5;stroke-dasharray:3 4}.line{fill:none;stroke-linejoin:round;stroke-linecap:round}
.actual{stroke:#0072b2;stroke-width:4.5}.benchmark{stroke:#59616c;stroke-width:3;stroke-dasharray:13 8}
.prediction{stroke:#c44e00;stroke-width:4.5;stroke-dasharray:.1 9}.band{fill:#c44e00;fill-opacity:.2;stroke:none}
.full{stroke:#59616c;stroke-width:2}.dot{fill:#0072b2}.aim{fill:#c44e00}.dot,.aim{stroke:#fff;stroke-width:2}
"""
_DARK = """\
text{fill:#eef1f4}.soft{fill:#b6bec8}.ground{fill:#14181d}.grid{stroke:#2d343c}.axis,.mark,.full{stroke:#98a2ad}
.actual{stroke:#56b4e9}.benchmark{stroke:#b6bec8}.prediction{stroke:#ff9f4a}.band{fill:#ff9f4a;fill-opacity:.25}
.dot{fill:#56b4e9}.aim{fill:#ff9f4a}.dot,.aim{stroke:#14181d}
"""


class _Frame(NamedTuple):
    """Where the plot is, and what its ends mean: days from the event, and values from nothing to `top`."""

    y: float
    first: int
    last: int
    top: float

    def x_of(self, day: int) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (day - self.first) / (self.last - self.first), 1)

    def y_of(self, value: float) -> float:
        return round(self.y + _PLOT * (1 - max(0.0, value) / self.top), 1)


def draw(chart: Chart) -> str:
    """The picture of an event's sales graph. Equal charts give equal pictures.

    Of an event to come, early days are left out where what lies ahead would be too narrow to be read.
    """
    whole, chart = chart, _focused(chart)
    heading = wrapped(clean(chart.title), _TITLE, _WIDTH - 2 * _MARGIN, 2)
    place = graph_legend.place(chart)
    entries = graph_legend.entries(chart)
    y = 20.0
    parts = []
    for line in heading:
        y += 31
        parts.append(_text(_MARGIN, y - 7, line, "title"))
    for line in wrapped(place, _TEXT, _WIDTH - 2 * _MARGIN, 2):
        y += 26
        parts.append(_text(_MARGIN, y - 4, line, "soft"))
    y += 8
    for style, words in entries:
        for number, line in enumerate(wrapped(words, _TEXT, _WIDTH - 2 * _MARGIN - 56, 2)):
            y += 27
            parts.append(_text(_MARGIN + 56, y - 4, line))
            parts.extend(_sample(style, y - 11) if number == 0 else ())
    frame = _frame(chart, y + 74)
    parts += [*_scales(chart, frame), *_days(chart, frame), *_curves(chart, frame), *_today(chart, frame)]
    caption = graph_legend.axis(whole, cut=len(chart.points) < len(whole.points))
    parts.append(_text((_LEFT + _RIGHT) / 2, frame.y + _PLOT + 80, caption, "soft small mid"))
    y = frame.y + _PLOT + 96
    for line in wrapped(graph_legend.source(chart), _SMALL, _WIDTH - 2 * _MARGIN, 2):
        y += 22
        parts.append(_text(_MARGIN, y - 10, line, "soft small"))
    return _document(chart, entries, round(y + 10), parts)


def _focused(chart: Chart) -> Chart:
    ahead = (chart.event_day - chart.today).days
    if ahead < 0:
        return chart
    since = -max(_SHOWN, _SHOWN_PER_DAY_TO_GO * ahead)
    return replace(chart, points=[point for point in chart.points if point["mapped_date"] >= since])


def _document(chart: Chart, entries: Iterable[tuple[str, str]], height: int, parts: Iterable[str]) -> str:
    said = " ".join(f"{words.rstrip('.')}." for _, words in entries)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d" lang="en">',
        f'<title id="t">{xml(clean(chart.title))}: ticket sales</title>',
        f'<desc id="d">{xml(graph_legend.place(chart))}. {xml(said)}</desc>',
        f"<style>{_STYLE}@media (prefers-color-scheme:dark){{\n{_DARK}}}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(x: float, y: float, words: str, style: str = "") -> str:
    of = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{of}>{xml(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _sample(style: str, y: float) -> list[str]:
    """A piece of a curve for the legend."""
    if not style:
        return []
    x, end = _MARGIN, _MARGIN + 42
    band = [f'<rect class="band" x="{x}" y="{y - 8:g}" width="42" height="16"/>'] if style == "prediction" else []
    return [*band, f'<path class="line {style}" d="M{x + 2} {y:g}H{end - 2}"/>']


def _frame(chart: Chart, y: float) -> _Frame:
    days = [point["mapped_date"] for point in chart.points] or [min(0, (chart.today - chart.event_day).days), 0]
    first, last = min(days), max(days)
    if first == last:
        first -= 1
    values = [value for _, value in [*_sold(chart), *_named(chart, "norm_tickets_sold_avg")]]
    highest = max([*values, *(value for _, value in _named(chart, "norm_prediction_high"))], default=0.0)
    top = graph_axes.top(highest) if chart.capacity > 0 else graph_axes.ticket_ticks(max(5.0, highest * 1.25))[-1]
    return _Frame(y, first, last, top)


def _named(chart: Chart, name: str) -> list[tuple[int, float]]:
    points = cast("list[Mapping[str, Any]]", chart.points)
    return [(point["mapped_date"], point[name]) for point in points if point[name] is not None]


def _sold(chart: Chart) -> list[tuple[int, float]]:
    """What is sold, day by day: as fractions of capacity, as tickets where that is not known."""
    name = "norm_tickets_sold_current" if chart.capacity > 0 else "tickets_total"
    return _named(chart, name)


def _scales(chart: Chart, frame: _Frame) -> list[str]:
    """Both vertical axes, their ticks and units: per cent of capacity on the left, tickets on the right."""
    bottom = frame.y + _PLOT
    parts = []
    if chart.capacity > 0:
        for share in graph_axes.share_ticks(frame.top):
            y = frame.y_of(share)
            parts += [
                _line(_LEFT, y, _RIGHT, y, "full" if share == 1 else "grid"),
                _text(_LEFT - 10, y + 7, percent(share), "soft end"),
            ]
        if frame.top > 1 and 1 not in graph_axes.share_ticks(frame.top):
            parts.append(_line(_LEFT, frame.y_of(1), _RIGHT, frame.y_of(1), "full"))
        for tickets in graph_axes.ticket_ticks(frame.top * chart.capacity):
            y = frame.y_of(tickets / chart.capacity)
            parts += [_line(_RIGHT, y, _RIGHT + 6, y, "axis"), _text(_RIGHT + 11, y + 7, count(tickets), "soft")]
        parts += [
            _text(_MARGIN, frame.y - 40, "% of capacity", "soft small"),
            _text(_WIDTH - _MARGIN, frame.y - 40, "tickets", "soft small end"),
        ]
    else:
        for tickets in graph_axes.ticket_ticks(frame.top):
            y = frame.y_of(tickets)
            parts += [_line(_LEFT, y, _RIGHT, y, "grid"), _text(_LEFT - 10, y + 7, count(tickets), "soft end")]
        parts.append(_text(_MARGIN, frame.y - 40, "tickets", "soft small"))
    return [*parts, _line(_LEFT, frame.y, _LEFT, bottom, "axis"), _line(_RIGHT, frame.y, _RIGHT, bottom, "axis")]


def _days(chart: Chart, frame: _Frame) -> list[str]:
    """The horizontal axis: dates, and below them the days before the event."""
    bottom = frame.y + _PLOT
    parts = [_line(_LEFT, bottom, _RIGHT, bottom, "axis")]
    long = frame.last - frame.first > _LONG
    for number in graph_axes.day_ticks(frame.first, frame.last, _MAX_TICKS - 1 if long else _MAX_TICKS):
        x, day = frame.x_of(number), chart.event_day + timedelta(days=number)
        words = "event" if number == 0 else f"{number} after" if number > 0 else f"{-number}"
        parts += [
            _line(x, bottom, x, bottom + 7, "axis"),
            _text(x, bottom + 29, month_year(day) if long and number else day_month(day), "mid"),
            _text(x, bottom + 53, words, "soft mid"),
        ]
    if frame.first <= 0 <= frame.last:
        parts.append(_line(frame.x_of(0), frame.y - 10, frame.x_of(0), bottom, "mark"))
    return parts


def _curves(chart: Chart, frame: _Frame) -> list[str]:
    """Benchmark, band, prediction and, above all, what is sold."""
    sold, predicted = _sold(chart), _named(chart, "norm_prediction")
    parts = []
    if len(predicted) > 1:
        low, high = _named(chart, "norm_prediction_low"), _named(chart, "norm_prediction_high")
        parts.append(f'<path class="band" d="M{_places(frame, high)}L{_places(frame, low[::-1])}Z"/>')
    parts += _curve(frame, _named(chart, "norm_tickets_sold_avg"), "benchmark")
    if len(predicted) > 1:
        parts += [*_curve(frame, predicted, "prediction"), _dot(frame, predicted[-1], "aim")]
    parts += _curve(frame, sold, "actual")
    return [*parts, _dot(frame, sold[-1], "dot")] if sold else parts


def _curve(frame: _Frame, values: Sequence[tuple[int, float]], style: str) -> list[str]:
    return [f'<path class="line {style}" d="M{_places(frame, values)}"/>'] if len(values) > 1 else []


def _places(frame: _Frame, values: Iterable[tuple[int, float]]) -> str:
    return "L".join(f"{frame.x_of(day):g} {frame.y_of(value):g}" for day, value in values)


def _dot(frame: _Frame, at: tuple[int, float], style: str) -> str:
    return f'<circle class="{style}" cx="{frame.x_of(at[0]):g}" cy="{frame.y_of(at[1]):g}" r="7"/>'


def _today(chart: Chart, frame: _Frame) -> list[str]:
    """The line of today, where the picture reaches it, and its name above the plot."""
    number = (chart.today - chart.event_day).days
    parts = []
    if frame.first <= number <= frame.last:
        words = f"today, {day_month(chart.today)}"
        half = width(words, _SMALL) / 2
        x = frame.x_of(number)
        at = min(max(x, _MARGIN + half), _WIDTH - _MARGIN - half)
        parts = [
            _line(x, frame.y - 10, x, frame.y + _PLOT, "mark"),
            _text(round(at, 1), frame.y - 17, words, "small mid"),
        ]
    if not chart.points:
        parts.append(_text((_LEFT + _RIGHT) / 2, frame.y + _PLOT / 2, "Nothing sold yet", "soft mid"))
    return parts
