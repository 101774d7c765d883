"""When an event takes place, as creating and changing it asks for it."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from marquee.hub import recurrence
from marquee.hub.events.parts import GivenStart, Part, WallTime, is_a_wall_time, lower, not_given
from marquee.schemas import Exact


def _duration(value: Any) -> Any:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        recurrence.duration_minutes(value)
    return value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _exclusion(value: str) -> str:
    value = value.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value).isoformat()
        return is_a_wall_time(value)
    except ValueError:
        raise ValueError("give a date, or a date and a time, as in 2035-01-24 19:30") from None


def _weekday(value: Any) -> Any:
    """A day of the week by its name, or the beginning of it: `wed`, `Wednesday`."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return next((day[:3] for day in _DAYS if len(word) > 1 and day.startswith(word)), value)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _ends_type(value: Any) -> Any:
    spellings = {"after_occurrences": "after", "on_date": "on"}
    return spellings.get(word := value.strip().lower(), word) if isinstance(value, str) else value


Duration = Annotated[
    str, BeforeValidator(_duration), Field(description="Hours in steps of a quarter: 1.25, 2 or 01:15")
]
Kind = Annotated[
    Literal["does_not_repeat", "daily", "weekly", "monthly", "schedule", "timeslots"], BeforeValidator(lower)
]


class OccurrenceEndsAsked(Exact):
    """When a recurrence ends: `after` so many occurrences, or `on` a date (that day included)."""

    type: Annotated[Literal["after", "on"], BeforeValidator(_ends_type)]
    value: Annotated[str, BeforeValidator(_as_text), Field(description="How many, or a date as in 2035-06-30")]

    @field_validator("value")
    @classmethod
    def _fits_the_type(cls, value: str, info: ValidationInfo) -> str:
        if "type" not in info.data:
            # What is wrong with the type is said already; without one there is no telling what the value is.
            return value
        if info.data["type"] == "after":
            if not re.fullmatch(r"\s*0*[1-9][0-9]{0,5}\s*", value):
                raise ValueError("give the number of occurrences, at least 1")
            return str(int(value))
        try:
            return date.fromisoformat(value.strip()[:10]).isoformat()
        except ValueError:
            raise ValueError("give a date, as in 2035-06-30") from None


class OccurrenceAttributes(Part):
    """What the recurrence is made of; of the last four each type takes what it has a use for."""

    starts_on: GivenStart = Field(default_factory=not_given)
    event_duration: Duration = Field(default_factory=not_given)
    occurrence_ends: OccurrenceEndsAsked | None = Field(default_factory=not_given)
    interval: Annotated[int, Field(ge=1, le=366)] = Field(default_factory=not_given)
    weekdays: Annotated[
        list[Annotated[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], BeforeValidator(_weekday)]],
        Field(max_length=7),
    ] = Field(default_factory=not_given)
    dates: Annotated[list[WallTime], Field(max_length=800)] = Field(default_factory=not_given)
    timeslots: Annotated[
        list[Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]], Field(max_length=96)
    ] = Field(default_factory=not_given)


class OccurrenceAsked(Part):
    """How the event repeats. Exclusions are dates, or dates with times, on the event's clock."""

    type: Kind = Field(default_factory=not_given)
    attributes: OccurrenceAttributes = Field(default_factory=not_given)
    exclusions: Annotated[
        list[Annotated[str, Field(max_length=40), AfterValidator(_exclusion)]], Field(max_length=800)
    ] = Field(default_factory=not_given)


class NewOccurrenceAttributes(OccurrenceAttributes):
    """The same; a new event needs a start and a duration."""

    starts_on: GivenStart
    event_duration: Duration


class NewOccurrence(OccurrenceAsked):
    """The same; a new event needs a type."""

    type: Kind
    attributes: NewOccurrenceAttributes
