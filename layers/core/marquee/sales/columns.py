"""Pure finding of the header row and of what its columns mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from marquee.sales import amounts, cells
from marquee.sales.cells import Cell

REQUIRED = ("date", "tickets", "revenue")
OPTIONAL = ("category", "currency")
FIELDS = (*REQUIRED, *OPTIONAL)
SEARCHED_ROWS = 60
"""How many rows from the top may hold the header."""

REASON_HEADER = "Marquee: reason"
ROW_HEADER = "Marquee: row"
"""Columns of a returned workbook that say why; they are no part of a row's content."""

# What each field is called, the best name first: a sheet may well have a gross and a net amount.
_NAMES: dict[str, tuple[str, ...]] = {
    "date": (
        "sale date", "sales date", "date of sale", "sold on", "verkaufsdatum", "verkaufstag", "vk datum", "order date",
        "bestelldatum", "booking date", "buchungsdatum", "buchungstag", "purchase date", "kaufdatum",
        "transaction date", "transaktionsdatum", "date", "datum", "day", "tag",
    ),
    "tickets": (
        "tickets sold", "sold tickets", "verkaufte tickets", "verkaufte karten", "number of tickets", "no of tickets",
        "anzahl tickets", "anzahl karten", "ticketanzahl", "kartenanzahl", "tickets", "karten", "sold", "verkauft",
        "quantity", "qty", "anzahl", "menge", "stückzahl", "stück", "count",
    ),
    "revenue": (
        "gross revenue", "revenue gross", "bruttoumsatz", "umsatz brutto", "gross amount", "bruttobetrag", "revenue",
        "umsatz", "turnover", "total revenue", "gesamtumsatz", "erlös", "einnahmen", "sales", "total amount",
        "gesamtbetrag", "gesamtpreis", "amount", "betrag", "gross", "brutto", "total", "net revenue", "revenue net",
        "nettoumsatz",
        "umsatz netto", "net amount", "nettobetrag",
    ),
    "category": (
        "price category", "preiskategorie", "ticket category", "ticketkategorie", "category", "kategorie",
        "preisgruppe", "preisklasse", "platzkategorie", "ticket type", "ticketart", "kartenart", "type", "tarif",
        "section", "bereich", "block",
    ),
    "currency": ("currency", "währung", "currency code", "währungscode", "ccy", "whg"),
}  # fmt: skip
# A heading with one of these words names something else, whatever other words it has.
_FOREIGN: dict[str, frozenset[str]] = {
    "date": frozenset(["event", "veranstaltung", "vorstellung", "show", "birth", "geburt", "print", "druck"]),
    "tickets": frozenset(
        [
            "cancelled",
            "canceled",
            "storniert",
            "storno",
            "refunded",
            "free",
            "frei",
            "capacity",
            "kapazität",
            "type",
            "art",
        ]
    ),
    "revenue": frozenset(
        ["vat", "mwst", "ust", "tax", "steuer", "fee", "gebühr", "discount", "rabatt", "price", "preis", "tickets"]
    ),
    "category": frozenset(),
    "currency": frozenset(),
}
_PARENTHESES = re.compile(r"[(\[]([^)\]]*)[)\]]")
_NO_WORD = re.compile(r"[\W_]+")
_CURRENCY_IN_HEADING = re.compile(r"€|£|\$|¥|\b[A-Z]{3}\b")
_TOTALS = frozenset(
    ["total", "totals", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "zwischensumme", "subtotal"]
)
_WORDS_ONLY_RANK = 100


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of one sheet mean. Positions count from the first column of the sheet's filled area."""

    header_row: int
    """Position of the header among the rows of the filled area."""
    headings: tuple[str, ...]
    positions: dict[str, int]
    extras: tuple[tuple[str, int], ...]
    """Every other column as (label, position), by label: the layout of a sheet is no part of its content."""
    currency_sign: str = ""
    """A currency named in the heading of the amounts, such as ``€`` in "Umsatz (€)"."""


@dataclass(slots=True)
class Search:
    """The header, or else the headings of the row that came closest to one (none where no row looks like one)."""

    columns: Columns | None = None
    headings: tuple[str, ...] = ()


def letter(position: int) -> str:
    """A column's name as spreadsheets show it: 0 is A, 26 is AA."""
    name = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def normalised(heading: str) -> str:
    """A heading in lower case, without punctuation and without what stands in parentheses."""
    return " ".join(_NO_WORD.sub(" ", _PARENTHESES.sub(" ", heading).casefold()).split())


def find(rows: Sequence[Sequence[Cell]]) -> Search:
    """The header among a sheet's first rows: the first row that names every needed column."""
    search = Search()
    most_known = -1
    for index, row in enumerate(rows[:SEARCHED_ROWS]):
        headings = tuple(cells.text(value) if isinstance(value, str) else "" for value in row)
        if sum(1 for heading in headings if heading) < 2:  # noqa: PLR2004 - a title, not a header
            continue
        positions = _positions(headings)
        if all(name in positions for name in REQUIRED):
            return Search(_columns(index, headings, positions), headings)
        if len(positions) > most_known:
            most_known, search.headings = len(positions), headings
    return search


def known_fields(headings: Sequence[str]) -> frozenset[str]:
    """Which fields some of the headings name."""
    return frozenset(_positions(headings))


def _positions(headings: Sequence[str]) -> dict[str, int]:
    """Which column is which field: best name first, and no column twice."""
    ranked = sorted(
        (rank, position, name)
        for position, heading in enumerate(headings)
        if heading and heading not in (REASON_HEADER, ROW_HEADER)
        for name in FIELDS
        if (rank := _rank(name, heading)) is not None
    )
    positions: dict[str, int] = {}
    for _, position, name in ranked:
        if name not in positions and position not in positions.values():
            positions[name] = position
    return positions


def _rank(name: str, heading: str) -> int | None:
    """How well a heading names a field: 0 is best, None not at all."""
    plain = normalised(heading)
    if plain in _NAMES[name]:
        return _NAMES[name].index(plain)
    words = set(plain.split())
    if words & _FOREIGN[name]:
        return None
    for index, candidate in enumerate(_NAMES[name]):
        if f" {candidate} " in f" {plain} ":
            return _WORDS_ONLY_RANK + index
    return None


def _columns(index: int, headings: tuple[str, ...], positions: dict[str, int]) -> Columns:
    taken = set(positions.values())
    extras = sorted(
        (normalised(heading) or f"#{position}", position)
        for position, heading in enumerate(headings)
        if position not in taken and heading not in (REASON_HEADER, ROW_HEADER)
    )
    sign = _CURRENCY_IN_HEADING.search(headings[positions["revenue"]])
    known = sign is not None and bool(amounts.currencies_of(sign[0]))
    return Columns(
        header_row=index,
        headings=headings,
        positions=positions,
        extras=tuple(extras),
        currency_sign=sign[0] if sign is not None and known else "",
    )


def is_totals_row(row: Sequence[Cell]) -> bool:
    """Whether a row that is no sale starts one of its texts with a word such as Total or Summe."""
    return any(isinstance(value, str) and (words := normalised(value).split()) and words[0] in _TOTALS for value in row)


def is_repeated_header(row: Sequence[Cell], columns: Columns) -> bool:
    """Whether a row is the header again, as printed at the top of each page."""
    return all(
        isinstance(row[position], str) and cells.text(row[position]) == columns.headings[position]
        for position in columns.positions.values()
    )
