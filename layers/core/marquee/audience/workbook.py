"""Pure reading and writing of clusters as a workbook: a row for each, and a group of columns for each platform."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from marquee import money
from marquee.audience import headings
from marquee.audience.documents import RefusedCell
from marquee.audience.headings import COSTS, Column
from marquee.audience.models import (
    LEAST_RATE,
    MAX_INTEREST,
    MAX_INTERESTS,
    MAX_LABEL,
    MAX_MINOR,
    MAX_PEOPLE,
    MAX_PRICE,
    TC_FORM,
    Cluster,
    PlatformCosts,
)
from marquee.errors import Unprocessable
from marquee.sales import workbook_service as workbooks
from marquee.sales.workbook_service import Cell, Refusal, Table
from marquee.text import folded

SHEET = "Clusters"
PLATFORMS = ("meta", "sandbox")
_SEARCHED_ROWS = 20
_WIDTHS = {"cost_per_mille": 12, "click_rate": 12, "purchase_rate": 14, "minimum_spend": 16}
_TITLES = {"cost_per_mille": "CPM", "click_rate": "click rate", "purchase_rate": "purchase rate"} | {
    "minimum_spend": "minimum spend"
}
COLUMNS = (
    workbooks.Column("Cluster ID", 22),
    workbooks.Column("Label", 30),
    workbooks.Column("Size", 12),
    workbooks.Column("Interests", 40),
    workbooks.Column("Currency", 10),
    *(
        workbooks.Column(f"{platform.capitalize()} {_TITLES[name]}", _WIDTHS[name])
        for platform in PLATFORMS
        for name in COSTS
    ),
)
_RATE = re.compile(r"(\d{1,9}(?:[.,]\d{1,12})?)\s*(%?)")


@dataclass(slots=True)
class Reading:
    """What a workbook says: clusters by id, and why other rows cannot be taken."""

    rows: int = 0
    clusters: dict[str, Cluster] = field(default_factory=dict)
    refused: list[RefusedCell] = field(default_factory=list)


def rows(clusters: Iterable[Cluster]) -> Iterator[list[str | int | float | None]]:
    """The cells of each cluster, in the order of `COLUMNS`."""
    for one in clusters:
        currency = one["currency"]
        cells: list[str | int | float | None] = [
            one["tc"], one["label"], one["size"], "; ".join(one["interests"]), currency,
        ]  # fmt: skip
        for platform in PLATFORMS:
            costs = one["platforms"].get(platform)
            cells += (
                [
                    money.to_number(costs["cost_per_mille"], currency),
                    costs["click_rate"],
                    costs["purchase_rate"],
                    money.to_number(costs["minimum_spend"], currency),
                ]
                if costs
                else [None] * len(COSTS)
            )
        yield cells


def read(tables: Sequence[Table], currency: str | None) -> Reading:
    """Read every sheet that has headings; `currency` is for rows that name none.

    Raises Unprocessable where no sheet has them, or one of them names no platform.
    """
    reading = Reading()
    headed = [(table, *found) for table in tables if (found := _headed(table)) is not None]
    if not headed:
        raise Unprocessable(
            "clusters.no_headings",
            "No sheet has the columns of clusters: a label, a size, and for a platform its CPM, click rate and "
            "purchase rate, such as “Meta CPM”.",
        )
    for table, header, positions in headed:
        unnamed = sorted(one.field for one in positions if one.field in COSTS and one.platform is None)
        if unnamed:
            heading = workbooks.text(table.rows[header][positions[Column(unnamed[0])]])
            raise Unprocessable(
                "clusters.platform_unnamed",
                f"Sheet “{table.name}”: the heading “{heading}” names no platform. Write “Meta {heading}”, say.",
            )
        for index, cells in enumerate(table.rows[header + 1 :], start=header + 1):
            if all(map(workbooks.is_empty, cells)):
                continue
            reading.rows += 1
            row = _Row(table, header, positions, index, currency)
            cluster = row.cluster()
            if cluster is not None and cluster["tc"] in reading.clusters:
                row.refuse(
                    Column("tc"), Refusal("cluster.twice", f"The cluster '{cluster['tc']}' stands in a row above.")
                )
                cluster = None
            if cluster is None:
                reading.refused += row.refused
            else:
                reading.clusters[cluster["tc"]] = cluster
    return reading


def _headed(table: Table) -> tuple[int, dict[Column, int]] | None:
    """The row of headings, and where the columns are."""
    for index, cells in enumerate(table.rows[:_SEARCHED_ROWS]):
        found = headings.columns_of([workbooks.text(cell) if isinstance(cell, str) else "" for cell in cells])
        named = {column.field for column in found}
        if "size" in named and named & {"tc", "label"} and named & set(COSTS):
            return index, found
    return None


class _Row:
    """A row of a sheet, read cell by cell; what cannot be taken is noted with its place."""

    def __init__(
        self, table: Table, header: int, positions: dict[Column, int], index: int, currency: str | None
    ) -> None:
        self._table = table
        self._header = table.rows[header]
        self._positions = positions
        self._index = index
        self._default = currency
        self.refused: list[RefusedCell] = []

    def cluster(self) -> Cluster | None:
        """The row's cluster, or None where anything of it is refused."""
        label = self._label()
        tc = self._tc(label)
        size = self._size()
        interests = self._interests()
        currency = self._currency()
        platforms = {name: costs for name in PLATFORMS if (costs := self._costs(name, currency)) is not None}
        if not platforms and not self.refused:
            self.refuse(None, Refusal("platforms.missing", "The row has figures for no platform."))
        if self.refused:
            return None
        return {
            "tc": tc,
            "label": label,
            "size": size,
            "interests": interests,
            "currency": currency,
            "platforms": platforms,
        }

    def refuse(self, column: Column | None, why: Refusal) -> None:
        """Note why the row is not taken; a column that the sheet does not have is told by its sentence."""
        position = self._positions.get(column) if column else None
        here = position is not None
        self.refused.append(
            {
                "sheet": self._table.name,
                "row": self._table.first_row + self._index,
                "column": workbooks.letter(self._table.first_column + (position or 0)) if here else None,
                "heading": workbooks.text(self._header[position or 0]) if here else None,
                "cell": workbooks.shown(self._cell(column)) if here and column else None,
                "code": why.code,
                "message": why.message,
            }
        )

    def _cell(self, column: Column) -> Cell:
        position = self._positions.get(column)
        cells: Sequence[Cell] = self._table.rows[self._index]
        return cells[position] if position is not None and position < len(cells) else None

    def _label(self) -> str:
        label = workbooks.text(self._cell(Column("label"))) or workbooks.text(self._cell(Column("tc")))
        if not label or len(label) > MAX_LABEL:
            self.refuse(
                Column("label"), Refusal("label.missing_or_long", f"The label has 1 to {MAX_LABEL} characters.")
            )
        return label

    def _tc(self, label: str) -> str:
        given = workbooks.text(self._cell(Column("tc")))
        tc = given or re.sub(r"[^a-z0-9]+", "-", folded(label)).strip("-")[:40].strip("-")
        if not re.fullmatch(TC_FORM, tc):
            message = f"“{workbooks.shown(given)}” is no id: 1 to 40 of the characters A-Z a-z 0-9 _ -."
            self.refuse(Column("tc"), Refusal("tc.malformed", message))
        return tc

    def _size(self) -> int:
        cell = self._cell(Column("size"))
        people = workbooks.amount(cell, "JPY")
        if isinstance(people, Refusal) or not 1 <= people <= MAX_PEOPLE:
            message = f"“{workbooks.shown(cell)}” is not a number of people from 1 to {MAX_PEOPLE:,}."
            self.refuse(Column("size"), Refusal("size.not_a_number", message))
            return 0
        return people

    def _interests(self) -> list[str]:
        terms = re.split(r"[,;\n]", str(self._cell(Column("interests")) or ""))
        found = list(dict.fromkeys(name for term in terms if (name := workbooks.text(term))))
        if len(found) > MAX_INTERESTS or any(len(one) > MAX_INTEREST for one in found):
            message = f"At most {MAX_INTERESTS} interests of {MAX_INTEREST} characters each are taken."
            self.refuse(Column("interests"), Refusal("interests.too_many", message))
        return found

    def _currency(self) -> str:
        given = workbooks.text(self._cell(Column("currency"))).upper() or self._default
        if given is None or not money.is_currency(given):
            message = (
                "The row names no currency. Fill the column Currency, or give one with the file."
                if given is None
                else f"“{workbooks.shown(given)}” is not an ISO 4217 currency code."
            )
            self.refuse(
                Column("currency"), Refusal("currency.missing" if given is None else "currency.unknown", message)
            )
            return ""
        return given

    def _costs(self, platform: str, currency: str) -> PlatformCosts | None:
        columns = {name: Column(name, platform) for name in COSTS}
        if all(workbooks.is_empty(self._cell(column)) for column in columns.values()):
            return None
        return {
            "cost_per_mille": self._amount(columns["cost_per_mille"], currency, 1, MAX_PRICE),
            "click_rate": self._rate(columns["click_rate"]),
            "purchase_rate": self._rate(columns["purchase_rate"]),
            "minimum_spend": 0
            if workbooks.is_empty(self._cell(columns["minimum_spend"]))
            else self._amount(columns["minimum_spend"], currency, 0, MAX_MINOR),
        }

    def _amount(self, column: Column, currency: str, least: int, most: int) -> int:
        if not currency:
            return 0
        found = workbooks.amount(self._cell(column), currency)
        if not isinstance(found, Refusal) and not least <= found <= most:
            found = Refusal("amount.out_of_range", f"“{workbooks.shown(self._cell(column))}” cannot be right here.")
        if isinstance(found, Refusal):
            self.refuse(column, self._placed(column, found))
            return 0
        return found

    def _rate(self, column: Column) -> float:
        cell = self._cell(column)
        found = _read_rate(cell)
        if isinstance(found, Refusal):
            self.refuse(column, self._placed(column, found))
            return 0.0
        return found

    def _placed(self, column: Column, why: Refusal) -> Refusal:
        """The refusal; where the sheet has no such column at all, the sentence says which is missing."""
        if column in self._positions:
            return why
        title = f"{(column.platform or '').capitalize()} {_TITLES[column.field]}"
        return Refusal("column.missing", f"There is no column “{title}”.")


def _read_rate(cell: Cell) -> float | Refusal:
    """A rate as a fraction: 0.012, or 1.2 % as text."""
    if workbooks.is_empty(cell):
        return Refusal("rate.missing", "The rate is missing.")
    spelled = repr(cell) if isinstance(cell, float) else workbooks.text(cell)
    said = _RATE.fullmatch(spelled)
    try:
        number = Decimal(said[1].replace(",", ".")) if said else Decimal(spelled)
    except InvalidOperation:
        return Refusal("rate.not_a_number", f"“{workbooks.shown(cell)}” is not a rate such as 0.012 or 1.2 %.")
    # A text can spell what is no number, and some of that cannot even be compared.
    rate = float(number / 100 if said and said[2] else number) if number.is_finite() else -1.0
    if not LEAST_RATE <= rate <= 1:
        message = f"“{workbooks.shown(cell)}” is not between {LEAST_RATE:f} and 1. Write 1.2 % or 0.012."
        return Refusal("rate.out_of_range", message)
    return rate
