"""The stretches of time that lists can be asked for: today, this weekend, next month and so on.

They are days of a calendar, so each zone has its own. Weeks begin on Monday; a weekend is Saturday and Sunday, and on
either of them `this_weekend` is the one under way.
"""

from datetime import date, datetime, time, timedelta
from typing import Literal

from marquee.hub import wall_time

TimeFilter = Literal[
    "today",
    "tomorrow",
    "this_week",
    "this_weekend",
    "next_week",
    "next_weekend",
    "this_month",
    "next_month",
    "this_year",
    "next_year",
]
Window = tuple[datetime, datetime]
_SATURDAY = 5


def window(name: TimeFilter, now: datetime, timezone: str) -> Window:
    """When the stretch begins, and when it is over, as moments in UTC; `now` is any aware moment.

    It begins and ends at midnight in the zone, or where the clocks jump over midnight, right after. So a day may have
    23 or 25 hours.
    """
    first, following = _days(name, wall_time.local(now, timezone).date())
    return _midnight(first, timezone), _midnight(following, timezone)


def overlaps(start: datetime, end: datetime, within: Window) -> bool:
    """Whether some of what lasts from `start` to `end` falls into the window. What only touches it does not."""
    return start < within[1] and within[0] < end


def _days(name: TimeFilter, today: date) -> tuple[date, date]:
    """The first day of the stretch, and the first one after it."""
    kind, ahead = name.removeprefix("this_").removeprefix("next_"), int(name.startswith("next_"))
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=ahead)
    match kind:
        case "today" | "tomorrow":
            first = today + timedelta(days=kind == "tomorrow")
            return first, first + timedelta(days=1)
        case "week":
            return monday, monday + timedelta(weeks=1)
        case "weekend":
            return monday + timedelta(days=_SATURDAY), monday + timedelta(weeks=1)
        case "month":
            return _month(today, ahead), _month(today, ahead + 1)
        case _:
            return date(today.year + ahead, 1, 1), date(today.year + ahead + 1, 1, 1)


def _month(day: date, ahead: int) -> date:
    years, month = divmod(day.month - 1 + ahead, 12)
    return date(day.year + years, month + 1, 1)


def _midnight(day: date, timezone: str) -> datetime:
    return wall_time.moment(wall_time.minutes(datetime.combine(day, time.min)), timezone)
