"""A season of events with their sales: made up from a seed, or read from a file of real booking curves."""

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from local.project import LocalError

_SEED = 20260612
_CSV_COLUMNS = ("event_date", "sale_date", "category", "tickets", "revenue")


@dataclass(frozen=True, slots=True)
class Sale:
    """One row of a sales report; `cents` is the revenue in minor units of EUR."""

    day: date
    category: str
    tickets: int
    cents: int
    order: str


@dataclass(frozen=True, slots=True)
class SeasonEvent:
    """An event of the season and what was sold for it so far."""

    eid: str
    title: str
    day: date
    city: str
    venue: str
    category: str
    capacity: int
    sales: tuple[Sale, ...]

    def registration(self) -> dict[str, object]:
        """The body that registers it."""
        return {
            "id": self.eid,
            "title": self.title,
            "start_date_time": f"{self.day.isoformat()}T18:30:00Z",
            "city": self.city,
            "venue_name": self.venue,
            "capacity": self.capacity,
            "category": self.category,
            "currency": "EUR",
        }


# title, city, venue, kind, capacity, days from today, share sold when doors open, prices in cents by category
_AURORA = {"Front": 9900, "Seated": 6450, "Standing": 4950}
_PROGRAMME = (
    ("Aurora Night", "München", "Olympiahalle", "concert", 12000, 45, 0.93, _AURORA),
    ("Winter Gala", "Wien", "Konzerthaus", "classical", 1800, 12, 0.88, {"Parkett": 8900, "Balkon": 5400}),
    ("Derby Day", "Dortmund", "Nordkurve Arena", "sport", 9000, 3, 0.97, {"Tribüne": 4500, "Stehplatz": 1950}),
    ("City of Comics", "Köln", "Messe Halle 7", "fair", 6000, 75, 0.71, {"Day ticket": 2450, "Weekend": 4400}),
    ("Laughing Matters", "Hamburg", "Schauspielhaus", "comedy", 1100, 30, 0.83, {"Regular": 3890, "Reduced": 2650}),
    ("Jazz at the Lake", "Zürich", "Seebühne", "concert", 2500, -20, 0.79, {"Regular": 5600, "Student": 2800}),
    ("Swan Lake", "Leipzig", "Opernhaus", "ballet", 1400, -5, 0.95, {"Parkett": 11200, "Rang": 7350}),
    ("Open Air Final", "Berlin", "Waldbühne", "concert", 7500, 110, 0.9, {"Front": 8450, "Regular": 5950}),
)
_ON_SALE_DAYS = 180


def made_up(today: date) -> list[SeasonEvent]:
    """The demo's season as it stands `today`; the same every time for the same day."""
    return [_event(number, random.Random(_SEED + number), today) for number in range(len(_PROGRAMME))]  # noqa: S311


def _event(number: int, chance: random.Random, today: date) -> SeasonEvent:
    title, city, venue, kind, capacity, days, share, prices = _PROGRAMME[number]
    day = today + timedelta(days=days)
    sales = sorted(_orders(chance, capacity, share, prices, day), key=lambda sale: (sale.day, sale.order))
    return SeasonEvent(
        eid=f"evt_{title.lower().replace(' ', '-')}-{number + 1:04d}",
        title=title,
        day=day,
        city=city,
        venue=venue,
        category=kind,
        capacity=capacity,
        sales=tuple(sale for sale in sales if sale.day <= min(today, day)),
    )


def _orders(chance: random.Random, capacity: int, share: float, prices: dict[str, int], day: date) -> Iterator[Sale]:
    """Orders of 1 to 4 tickets along a booking curve: a rush when sales open, a steady middle, a pick-up at the end."""
    left, number = int(capacity * share), 0
    weights = [3.0 / (1 + index) for index in range(len(prices))]
    while left > 0:
        number += 1
        tickets = min(left, chance.choices((1, 2, 3, 4), (22, 55, 9, 14))[0])
        left -= tickets
        category, price = chance.choices(list(prices.items()), weights)[0]
        bought = day - timedelta(days=_lead_days(chance))
        while bought.weekday() == 6 and chance.random() < 0.5:  # noqa: PLR2004 - half of Sunday's buyers come later
            bought = min(day, bought + timedelta(days=1))
        early_bird = 0.9 if (day - bought).days > _ON_SALE_DAYS - 14 else 1.0
        yield Sale(bought, category, tickets, tickets * round(price * early_bird), f"A{number:06d}")


def _lead_days(chance: random.Random) -> int:
    phase = chance.random()
    if phase < 0.22:  # noqa: PLR2004 - the rush
        return max(0, _ON_SALE_DAYS - int(chance.expovariate(1 / 6)))
    if phase < 0.55:  # noqa: PLR2004 - the middle
        return chance.randint(0, _ON_SALE_DAYS)
    return min(_ON_SALE_DAYS, int(chance.expovariate(1 / 16)))


_HISTORY_DAYS, _COMING = 60, (2, 9, 20, 35)
_ROOMS = (("Werkhalle", "Hamburg", 320), ("Kulturhaus", "Leipzig", 240), ("Alte Post", "Hamburg", 180))


def history(today: date) -> list[SeasonEvent]:
    """Small events of the last half year, one every three days, and a few to come; the same for the same day."""
    days = [-3 * number for number in range(1, _HISTORY_DAYS + 1)] + list(_COMING)
    return [_small(offset, random.Random(_SEED - offset), today) for offset in days]  # noqa: S311 - a demo's figures


def _small(offset: int, chance: random.Random, today: date) -> SeasonEvent:
    """One of `history`: Fridays and Saturdays sell best, and one venue better than the others."""
    day = today + timedelta(days=offset)
    venue, city, capacity = _ROOMS[day.toordinal() % 7 % len(_ROOMS)]
    share = (0.82 if day.weekday() in {4, 5} else 0.55) + 0.1 * (venue == "Alte Post") + chance.uniform(-0.08, 0.08)
    sales = _by_day(_orders(chance, capacity, share, {"Regular": 2400, "Reduced": 1600}, day))
    known = tuple(sale for sale in sales if sale.day <= min(today, day))
    eid = f"evt_evening-{day.isoformat()}"
    return SeasonEvent(eid, f"Evening of {day.isoformat()}", day, city, venue, "concert", capacity, known)


def _by_day(sales: Iterable[Sale]) -> list[Sale]:
    sums: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for sale in sales:
        sums[sale.day, sale.category][0] += sale.tickets
        sums[sale.day, sale.category][1] += sale.cents
    return [
        Sale(day, category, tickets, cents, f"{day.isoformat()} {category}")
        for (day, category), (tickets, cents) in sorted(sums.items())
    ]


def history_from_file(path: Path, today: date) -> list[SeasonEvent]:
    """Single days of a file of real booking curves, moved in time so that `today` lies six weeks before its last day.

    Raises LocalError as `from_file` does.
    """
    curves: dict[date, list[Sale]] = defaultdict(list)
    for day, sale in _rows(path):
        curves[day].append(sale)
    moved = today - (max(curves) - timedelta(days=42))
    finals = sorted(sum(sale.tickets for sale in sales) for sales in curves.values())
    capacity = max(1, finals[round(0.99 * (len(finals) - 1))])
    found = []
    for offset in (*range(-_HISTORY_DAYS, 0), *_COMING):
        day = today + timedelta(days=offset)
        known = [
            replace(sale, day=sale.day + moved) for sale in curves.get(day - moved, ()) if sale.day + moved <= today
        ]
        sales, eid = tuple(_by_day(known)), f"evt_arrival-{day.isoformat()}"
        found.append(SeasonEvent(eid, f"Arrivals of {day.isoformat()}", day, "Faro", "Resort", "stay", capacity, sales))
    return found


def from_file(path: Path) -> list[SeasonEvent]:
    """Real booking curves from a `.csv.gz` with the columns of `_CSV_COLUMNS` (revenue in EUR), one event a quarter.

    The file's events are single days with a few dozen rows each; a quarter of them is a report of thousands of rows.
    Raises LocalError for a file that cannot be read that way.
    """
    quarters: dict[tuple[int, int], list[Sale]] = defaultdict(list)
    last: dict[tuple[int, int], date] = {}
    for day, sale in _rows(path):
        quarter = (day.year, (day.month + 2) // 3)
        last[quarter] = max(day, last.get(quarter, day))
        quarters[quarter].append(sale)
    return [
        SeasonEvent(
            eid=f"evt_season-{year}-q{part}",
            title=f"Season {year}, quarter {part}",
            day=last[year, part],
            city="Faro",
            venue="Resort",
            category="stay",
            capacity=max(1, sum(sale.tickets for sale in sales)),
            sales=tuple(sales),
        )
        for (year, part), sales in sorted(quarters.items())
    ]


def _rows(path: Path) -> list[tuple[date, Sale]]:
    """The file's rows, each with the day of its event. Raises LocalError."""
    found = []
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                sold, cents = int(row["tickets"]), int(Decimal(row["revenue"]) * 100)
                sale = Sale(date.fromisoformat(row["sale_date"]), row["category"], sold, cents, f"R{number:06d}")
                found.append((date.fromisoformat(row["event_date"]), sale))
    except (OSError, KeyError, ValueError, ArithmeticError) as error:
        raise LocalError(f"{path} is not a .csv.gz with the columns {', '.join(_CSV_COLUMNS)}: {error}") from error
    if not found:
        raise LocalError(f"{path} has no rows")
    return found


ENGLISH = ("Date", "Category", "Tickets", "Revenue", "Order")
GERMAN = ("Datum", "Preiskategorie", "Anzahl", "Umsatz", "Bestellnummer")


def write_report(
    path: Path,
    title: str,
    sales: Sequence[Sale],
    *,
    header: Sequence[str] = ENGLISH,
    extra: Sequence[Sequence[object]] = (),
) -> None:
    """An Excel sales report as a box office exports it: a title, an empty line, a header, a row per order.

    `extra` rows are written as they are after the sales: the place for mistakes.
    """
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Sales")
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_string(0, 0, f"Sales report: {title}")
        sheet.write_row(2, 0, header)
        row = 3
        for sale in sales:
            sheet.write_datetime(row, 0, sale.day, as_date)
            sheet.write_string(row, 1, sale.category)
            sheet.write_number(row, 2, sale.tickets)
            sheet.write_number(row, 3, sale.cents / 100)
            sheet.write_string(row, 4, sale.order)
            row += 1
        for cells in extra:
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(row, column, cell, as_date)
                elif cell is not None:
                    sheet.write(row, column, cell)
            row += 1
