"""Pure knowledge of headings: what sales reports call their columns, in German and English."""

import re
from collections.abc import Sequence
from functools import lru_cache

from marquee.sales.workbooks.cells import MAX_SPELLED

REQUIRED = ("date", "tickets", "revenue")
OPTIONAL = ("category", "currency")
FIELDS = (*REQUIRED, *OPTIONAL)
PRICED = ("price", "discount")
"""Fields that count where no column has the revenue: it is tickets times price, less the discount."""
ALL_FIELDS = (*FIELDS, *PRICED)

# What each field is called, the best name first: a sheet may well have a gross and a net amount.
_NAMES: dict[str, tuple[str, ...]] = {
    "date": (
        "sale date", "sales date", "date of sale", "sold on", "verkaufsdatum", "verkaufstag", "verkauft am", "vk datum",
        "order date", "bestelldatum", "bestellt am", "ordered on", "booking date", "buchungsdatum", "buchungstag",
        "gebucht am", "purchase date", "purchased on", "kaufdatum", "kauftag", "gekauft am", "transaction date",
        "transaktionsdatum", "date", "datum", "day", "tag", "sales day", "sale day", "timestamp", "zeitstempel",
        "zeitpunkt", "verkaufszeitpunkt",
    ),
    "tickets": (
        "tickets sold", "sold tickets", "verkaufte tickets", "verkaufte karten", "number of tickets", "no of tickets",
        "anzahl tickets", "anzahl karten", "ticketanzahl", "kartenanzahl", "tickets", "karten", "sold", "verkauft",
        "quantity", "qty", "anzahl", "menge", "stückzahl", "stück", "count", "ticket count", "ticket quantity",
        "units sold", "units", "anz", "stk", "pcs", "absatz",
    ),
    "revenue": (
        "gross revenue", "revenue gross", "bruttoumsatz", "umsatz brutto", "gross amount", "bruttobetrag", "revenue",
        "umsatz", "turnover", "total revenue", "gesamtumsatz", "erlös", "einnahmen", "sales", "total amount",
        "gesamtbetrag", "gesamtpreis", "amount", "betrag", "gross", "brutto", "total", "net revenue", "revenue net",
        "nettoumsatz", "umsatz netto", "net amount", "nettobetrag", "total price", "gross sales", "sales revenue",
        "ticket revenue", "ticketumsatz", "bruttoerlös", "erlös brutto", "verkaufserlös", "ticketerlös", "summe",
        "gesamt", "gesamtsumme", "sum", "order total", "value", "wert", "net sales", "nettoerlös", "erlös netto",
        "netto", "net",
    ),
    "category": (
        "price category", "preiskategorie", "ticket category", "ticketkategorie", "category", "kategorie",
        "preisgruppe", "preisklasse", "platzkategorie", "ticket type", "ticketart", "kartenart", "type", "tarif",
        "section", "bereich", "block", "seat category", "sitzplatzkategorie", "tickettyp", "ticket typ", "preisstufe",
        "price level", "price group", "price class", "platzgruppe", "platzart", "rang", "zone", "ticket name",
        "ticketname", "ticket", "produkt", "product", "artikel", "article",
    ),
    "currency": ("currency", "währung", "currency code", "währungscode", "ccy", "whg", "curr"),
    "price": (
        "price per ticket", "ticket price", "unit price", "price each", "single price", "einzelpreis", "stückpreis",
        "ticketpreis", "kartenpreis", "preis pro ticket", "preis je ticket", "preis pro karte", "preis je karte",
        "preis pro stück", "preis je stück", "price", "preis", "gross price", "bruttopreis", "preis brutto",
        "verkaufspreis", "vk preis", "endpreis",
    ),
    "discount": (
        "discount", "discount amount", "rabatt", "rabattbetrag", "nachlass", "preisnachlass", "ermäßigung",
        "ermäßigungsbetrag", "reduction", "rebate", "deduction", "abzug",
    ),
}  # fmt: skip
_PRICE_WORDS = frozenset(["price", "preis"])
_EACH = frozenset(["per", "pro", "je", "each", "stück", "unit"])
# A heading with one of these words names something else, whatever other words it has.
_FOREIGN: dict[str, frozenset[str]] = {
    "date": frozenset(["event", "veranstaltung", "vorstellung", "show", "birth", "geburt", "print", "druck"]),
    "tickets": _PRICE_WORDS
    | frozenset(["cancelled", "canceled", "storniert", "storno", "refunded", "free", "frei", "capacity", "kapazität"])
    | frozenset(["type", "art", "revenue", "umsatz", "betrag", "erlös", "discount", "rabatt", "am", "on"]),
    "revenue": _PRICE_WORDS
    | frozenset(["vat", "mwst", "ust", "tax", "steuer", "fee", "gebühr", "discount", "rabatt", "tickets", "nachlass"])
    | frozenset(["ermäßigung", "reduction", "rebate", "abzug", "deduction"]),
    "category": frozenset(),
    "currency": frozenset(),
    "price": frozenset(["category", "kategorie", "gruppe", "group", "klasse", "class", "level", "stufe", "total"])
    | frozenset(["gesamt", "discount", "rabatt", "list", "old", "alt", "vat", "mwst", "fee", "gebühr", "date"]),
    "discount": frozenset(["code", "type", "art", "name", "reason", "grund", "date", "datum", "id"]),
}
# Among other words these say too little.
_ONLY_ALONE = frozenset(
    (
        "ticket", "produkt", "product", "artikel", "article", "zone", "rang", "summe", "sum", "gesamt", "gesamtsumme",
        "value", "wert", "net", "netto", "units", "anz", "stk", "pcs", "curr",
    )
)  # fmt: skip
_PARENTHESES = re.compile(r"[(\[]([^)\]]*)[)\]]")
_NO_WORD = re.compile(r"[\W_]+")
_PLAIN_VOWELS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORDS_ONLY_RANK = 100
_PERCENT = re.compile(r"%|\b(?:prozent|percent|percentage|pct|quote|rate)\b", re.IGNORECASE)

_TOTALS = frozenset(
    ["total", "totals", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "zwischensumme", "subtotal"]
)
_ALWAYS_TOTALS = frozenset(["totals", "summe", "gesamtsumme", "insgesamt", "zwischensumme", "subtotal", "sum"])
TOTAL_CELLS = frozenset(
    spelled + end for word in _TOTALS for spelled in (word, word.capitalize(), word.upper()) for end in ("", ":")
)
"""Texts that fill a cell of a row of sums, as people spell them."""
_UNITS = frozenset(
    (
        "stück", "stk", "st", "pcs", "pieces", "anzahl", "number", "brutto", "netto", "gross", "net", "text", "datum",
        "date", "tt", "mm", "jj", "jjjj", "dd", "yy", "yyyy", "eur", "euro", "usd", "gbp", "chf", "in",
    )
)  # fmt: skip


def words(heading: str) -> str:
    """A heading in lower case, without punctuation."""
    return " ".join(_NO_WORD.sub(" ", heading[:MAX_SPELLED].casefold()).split())


def normalised(heading: str) -> str:
    """A heading in lower case, without punctuation and without what stands in parentheses."""
    return words(_PARENTHESES.sub(" ", heading[:MAX_SPELLED]))


def _spelled_out(name: str) -> str:
    return name.casefold().translate(_PLAIN_VOWELS)


_SPELLED_NAMES = {field: tuple(map(_spelled_out, names)) for field, names in _NAMES.items()}
_SPELLED_FOREIGN = {field: frozenset(map(_spelled_out, names)) for field, names in _FOREIGN.items()}
_SPELLED_EACH = frozenset(map(_spelled_out, _EACH))


def rank(field: str, heading: str) -> int | None:
    """How well a heading names a field: 0 is best, None not at all. Umlauts may be written as two letters."""
    plain = _spelled_out(normalised(heading))
    names = _SPELLED_NAMES[field]
    if plain in names:
        return names.index(plain)
    if not _SPELLED_FOREIGN[field].isdisjoint(plain.split()):
        return None
    for index, candidate in enumerate(names):
        if candidate not in _ONLY_ALONE and f" {candidate} " in f" {plain} ":
            return _WORDS_ONLY_RANK + index
    return None


def guessed(
    headings: Sequence[tuple[int, str]], fields: Sequence[str], taken: dict[str, int] | None = None
) -> dict[str, int]:
    """Which of the (position, heading) is which field: best name first, and no column twice.

    `taken` are fields that have their column already.
    """
    ranked = sorted(
        (found, _net(name, heading), position, name)
        for position, heading in headings
        for name in fields
        if (found := rank(name, heading)) is not None
    )
    positions = dict(taken or {})
    for _, _, position, name in ranked:
        if name not in positions and position not in positions.values():
            positions[name] = position
    return positions


def rivals(headings: Sequence[tuple[int, str]], field: str, position: int) -> list[int]:
    """The columns of the (position, heading) that name a field as well as the one at `position` does, that one too."""
    ranks = {at: (rank(field, heading), _net(field, heading)) for at, heading in headings}
    return [at for at, found in ranks.items() if found == ranks.get(position)]


def _net(field: str, heading: str) -> int:
    """Of two headings that are alike but for their parentheses, the gross amount comes first and the net one last."""
    if field not in ("revenue", "price"):
        return 0
    said = words(heading).split()
    return 0 if "brutto" in said or "gross" in said else 2 if "netto" in said or "net" in said else 1


def is_share(heading: str) -> bool:
    """Whether a discount under this heading is a percentage, or is one of each ticket: no amount of the row."""
    return _PERCENT.search(heading) is not None or not _SPELLED_EACH.isdisjoint(_spelled_out(words(heading)).split())


def is_unit(text: str) -> bool:
    """Whether a text below a heading only says in what the column is counted, such as ``(EUR)`` or ``TT.MM.JJJJ``."""
    bare = text.strip(" ()[]")
    return bare in {"€", "£", "$", "¥", "#", "%"} or (bool(bare) and _UNITS.issuperset(words(bare).split()))


def begins_as_total(text: str) -> bool:
    """Whether a text starts with a word such as Total or Summe."""
    found = normalised(text).split()
    return bool(found) and found[0] in _TOTALS


@lru_cache(1024)
def names_a_total(text: str) -> bool:
    """Whether a category's text says that its row is a sum of others: ``Total``, ``Summe Rang 1``.

    ``Total Access`` may well be a ticket; ``Summe`` is none.
    """
    found = normalised(text).split()
    return bool(found) and (found[0] in _ALWAYS_TOTALS or (found[0] in _TOTALS and len(found) == 1))
