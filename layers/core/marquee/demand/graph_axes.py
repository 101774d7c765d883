"""Pure axes of the sales graph's picture: where the ticks are."""

import math

_DAYS = (1, 2, 3, 7, 14, 21, 30, 60, 90, 120, 180, 365)
_STEPS = (1, 2, 2.5, 5, 10)
_ROOM = 1.02
_LEAST, _MOST_OF_IT = 0.05, 0.6


def top(highest: float) -> float:
    """The upper end of an axis of fractions of capacity that shows this much.

    All of the capacity once most of it is reached; below that a part of it, so that a small beginning can be seen.
    """
    if _MOST_OF_IT <= highest <= 1 or highest <= 0:
        return 1.0
    shown = max(highest * _ROOM, _LEAST)
    step = nice_step(shown, 5)
    return round(math.ceil(shown / step - 1e-9) * step, 9)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that divides a span into at most so many parts."""
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in _STEPS if step * power >= raw * (1 - 1e-9))


def share_ticks(highest: float) -> list[float]:
    """Ticks from nothing to the upper end of an axis of fractions."""
    step = 0.25 if highest == 1 else nice_step(highest, 6)
    return [round(number * step, 9) for number in range(int(highest / step + 1e-9) + 1)]


def ticket_ticks(highest: float) -> list[int]:
    """Whole numbers of tickets from nothing to the highest, six at most."""
    step = max(1, math.ceil(nice_step(max(highest, 1), 5)))
    return list(range(0, int(highest + 1e-9) + 1, step))


def day_ticks(first: int, last: int, most: int) -> list[int]:
    """Days from the event (negative before it) that get a label, with the event's own where it is shown.

    The same number of days lies between any two, so that a picture has at most so many of them.
    """
    years = ((last - first) // (365 * most) + 1) * 365
    step = next((days for days in _DAYS if (last - first) / days <= most - 1), years)
    return list(range(-(-first // step) * step, last + 1, step))
