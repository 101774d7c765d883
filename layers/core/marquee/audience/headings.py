"""Pure knowledge of headings: what a workbook of clusters calls its columns, in English and German."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from marquee.text import folded

_FIELDS: dict[str, tuple[str, ...]] = {
    "tc": ("cluster id", "tc", "id", "cluster", "zielgruppen id", "zielgruppe id", "segment id", "kennung", "kürzel"),
    "label": (
        "label", "name", "bezeichnung", "cluster name", "name der zielgruppe", "zielgruppe", "target group", "audience",
        "segment", "beschreibung", "description",
    ),
    "size": (
        "size", "people", "number of people", "audience size", "größe", "groesse", "personen", "anzahl personen",
        "anzahl", "reichweite", "umfang",
    ),
    "interests": ("interests", "interest", "likes", "topics", "tags", "interessen", "interesse", "themen", "vorlieben"),
    "currency": ("currency", "currency code", "währung", "waehrung", "währungscode"),
}  # fmt: skip
_COSTS: dict[str, tuple[str, ...]] = {
    "cost_per_mille": (
        "cpm", "cost per mille", "cost per 1000 impressions", "cost per thousand", "tkp", "tausenderkontaktpreis",
        "tausend kontakt preis", "tausender kontakt preis", "kosten pro 1000 impressionen",
    ),
    "click_rate": (
        "click rate", "ctr", "click through rate", "clickthrough rate", "klickrate", "klick rate", "klickquote",
    ),
    "purchase_rate": (
        "purchase rate", "conversion rate", "conversion", "cvr", "kaufrate", "kaufquote", "konversionsrate",
    ),
    "minimum_spend": (
        "minimum spend", "min spend", "minimum budget", "min budget", "minimum", "mindestbudget", "mindestausgabe",
        "mindesteinsatz", "mindestens",
    ),
}  # fmt: skip
_PLATFORMS = {"meta": "meta", "facebook": "meta", "instagram": "meta", "sandbox": "sandbox"}
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|%")
_NO_WORD = re.compile(r"[\W_]+")
_LONGEST = 200


class Column(NamedTuple):
    """What a column holds: a field of the cluster, or one of its costs on a platform (None: it names none)."""

    field: str
    platform: str | None = None


def _words(heading: str) -> str:
    return " ".join(_NO_WORD.sub(" ", folded(_ASIDE.sub(" ", heading[:_LONGEST]))).split())


_FIELD_OF = {_words(name): field for field, names in _FIELDS.items() for name in names}
_COST_OF = {_words(name): field for field, names in _COSTS.items() for name in names}
COSTS = tuple(_COSTS)


def column_of(heading: str) -> Column | None:
    """What a heading names; what stands in parentheses (a currency, say) makes no difference."""
    said = _words(heading)
    if said in _FIELD_OF:
        return Column(_FIELD_OF[said])
    if said in _COST_OF:
        return Column(_COST_OF[said])
    words = said.split()
    for index, word in enumerate(words):
        rest = " ".join(words[:index] + words[index + 1 :])
        if word in _PLATFORMS and rest in _COST_OF:
            return Column(_COST_OF[rest], _PLATFORMS[word])
    return None


def columns_of(headings: Sequence[str]) -> dict[Column, int]:
    """The position of each column that a row of headings names; the first of two counts."""
    found: dict[Column, int] = {}
    for position, heading in enumerate(headings):
        column = column_of(heading)
        if column is not None:
            found.setdefault(column, position)
    return found
