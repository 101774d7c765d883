"""Sales that are reported as totals of a span of days: what is asked for, and what is sent."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from marquee import money
from marquee.plans import DryRun, Plan
from marquee.sales.models import DailyRevenue, Total
from marquee.sales.workbooks.amounts import MAX_TICKETS
from marquee.sales.workbooks.cells import MAX_CATEGORY, text
from marquee.sales.workbooks.days import EARLIEST
from marquee.schemas import Exact, Received

MAX_DAYS = 1_830
MAX_TYPES = 50


class SummaryQuery(DryRun):
    """How a summary is taken."""


class TicketTotal(Received):
    """What was sold of one ticket type in the whole span."""

    type: str = Field(description=f"The ticket category, at most {MAX_CATEGORY} characters")
    sold: Annotated[int, Field(strict=True, ge=0, le=MAX_TICKETS)]
    revenue: Annotated[Decimal, Field(ge=0, description="In the summary's currency, with at most its decimals")]

    @field_validator("type")
    @classmethod
    def _as_category(cls, value: str) -> str:
        name = text(value)
        if not name or len(name) > MAX_CATEGORY:
            raise ValueError(f"a ticket type has 1 to {MAX_CATEGORY} characters")
        return name


class NewSummary(Exact):
    """Totals of an event's sales from one day to another, both included."""

    eid: str
    start: Annotated[date, Field(alias="from")]
    end: Annotated[date, Field(alias="to", description=f"At most {MAX_DAYS} days in all, none in the future")]
    currency: Annotated[str, Field(description="ISO 4217; the event's where it is left out")] | None = None
    tickets: Annotated[list[TicketTotal], Field(min_length=1, max_length=MAX_TYPES)]

    @property
    def days(self) -> int:
        """Days of the span."""
        return (self.end - self.start).days + 1

    @field_validator("start")
    @classmethod
    def _possible(cls, value: date) -> date:
        if value < EARLIEST:
            raise ValueError(f"{value} is too long ago to be a day of sale")
        return value

    @field_validator("end")
    @classmethod
    def _ordered(cls, value: date, info: ValidationInfo) -> date:
        start = info.data.get("start")
        if start is not None and value < start:
            raise ValueError("'to' is before 'from'")
        if start is not None and (value - start).days >= MAX_DAYS:
            raise ValueError(f"the span is longer than {MAX_DAYS} days")
        return value

    @field_validator("currency")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and not money.is_currency(value):
            raise ValueError(f"'{value}' is not an ISO 4217 currency in upper case")
        return value


class SummaryPlan(Plan):
    """The days that a summary would be spread over, the first of them one by one."""

    days: list[DailyRevenue]
    more: bool = Field(description="Whether there are more days than are listed")
    totals: list[Total]
