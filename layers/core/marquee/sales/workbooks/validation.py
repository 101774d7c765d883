"""Pure validation of one row: its raw cells become a sale, or the reasons why they are none."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from marquee.sales.workbooks import amounts, cells, days, headings
from marquee.sales.workbooks.cells import Cell, Refusal
from marquee.sales.workbooks.columns import Columns
from marquee.sales.workbooks.days import DateReading

RawCore = tuple[Cell, ...]
"""The raw cells of a row's fields, in the order of `Columns.core`; nothing for a field without a column."""
_REMEMBERED = 4096


class Reason(NamedTuple):
    """Why a row is rejected: the field, and the sentence about its cell."""

    field: str
    refusal: Refusal


class Sale(NamedTuple):
    """What a row says once it is read."""

    day: str
    category: str
    tickets: int
    minor: int
    currency: str


class Remembered(dict[Cell, object]):
    """A dict that computes what it lacks, once."""

    def __init__(self, compute: Callable[[Cell], object]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: Cell) -> object:
        value = self[key] = self._compute(key)
        return value


class Validator:
    """Turns the raw cells of a row's fields into a sale, or into the reasons why they are none."""

    def __init__(self, found: Columns, currency: str, dates: DateReading) -> None:
        self._positions = found.positions
        self._priced = "price" in found.core
        self._amount_field = "price" if self._priced else "revenue"
        discount = found.positions.get("discount")
        self._is_share = discount is not None and headings.is_share(found.headings[discount])
        self._days = Remembered(lambda value: _iso(days.read_date(value, dates)))
        self._tickets = Remembered(amounts.read_tickets)
        self._categories = Remembered(cells.read_category)
        # Amounts may differ from row to row, so not all of them are kept.
        remembered = lru_cache(_REMEMBERED, typed=True)
        self._amount_of = remembered(amounts.read_price if self._priced else amounts.read_amount)
        self._currency_of = remembered(
            lambda column, amount: amounts.read_currency(column, amount, found.currency_sign, currency)
        )

    def validate(self, raw: RawCore) -> Sale | tuple[Reason, ...]:
        """The sale, or every cell that is refused."""
        raw_day, raw_tickets, raw_amount, raw_category, raw_currency = raw[:5]
        day = self._days[raw_day]
        tickets = self._tickets[raw_tickets]
        category = self._categories[raw_category]
        # A number says nothing of its currency: all of them are one entry of the cache.
        currency = self._currency_of(raw_currency or None, raw_amount if isinstance(raw_amount, str) else None)
        if isinstance(currency, Refusal):
            currency = amounts.of_field(currency, self._amount_field)
        minor: int | Refusal = 0
        discount: int | Refusal = 0
        if isinstance(currency, str):
            if self._priced:
                minor = self._amount_of(raw_amount, currency)
                discount = amounts.read_discount(raw[5], currency, is_share=self._is_share)
            else:
                minor = self._amount_of(raw_amount, currency)
        if (
            isinstance(day, str)
            and isinstance(tickets, int)
            and isinstance(category, str)
            and isinstance(currency, str)
            and isinstance(minor, int)
            and isinstance(discount, int)
        ):
            if self._priced:
                return self._priced_sale(day, category, tickets, minor, discount, currency)
            if tickets * minor < 0:
                return (Reason("revenue", _OPPOSITE_SIGNS),)
            return Sale(day, category, tickets, minor, currency)
        found = {"date": day, "tickets": tickets, self._amount_field: minor, "category": category}
        return self._reasons(**found, currency=currency, discount=discount)

    def _priced_sale(
        self, day: str, category: str, tickets: int, price: int, discount: int, currency: str
    ) -> Sale | tuple[Reason, ...]:
        minor = amounts.read_proceeds(tickets, price, discount)
        if isinstance(minor, Refusal):
            return (Reason(minor.code.partition(".")[0], minor),)
        return Sale(day, category, tickets, minor, currency)

    def _reasons(self, **values: object) -> tuple[Reason, ...]:
        found = []
        for name, value in values.items():
            if isinstance(value, Refusal):
                # What is wrong with a currency may stand in the amount's cell.
                where = self._amount_field if name == "currency" and name not in self._positions else name
                found.append(Reason(where, value))
        return tuple(found)


_OPPOSITE_SIGNS = Refusal(
    "row.opposite_signs", "Tickets and amount have opposite signs: in a refund both are negative, in a sale neither."
)


def _iso(day: object) -> object:
    return day if isinstance(day, Refusal) else str(day)
