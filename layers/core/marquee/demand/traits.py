"""Pure words for the traits that events are compared by: the bands and numbers of `rules.trait_values`, for people."""

from math import ceil, floor

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(trait: str, value: str) -> str:
    """What a trait's value means: `capacity` 14 is "11,586 to 23,170", `season` 12 is "December".

    Prices are in major units of the event's currency. What is in words already stays as it is.
    """
    if trait == "capacity":
        low, high = ceil(2 ** (int(value) - 0.5)), floor(2 ** (int(value) + 0.5))
        return f"{low:,} to {high:,}" if low < high else f"{low:,}"
    if trait == "price":
        return " to ".join(_amount(2 ** ((int(value) + half) / 2)) for half in (-0.5, 0.5))
    if trait == "season":
        return _MONTHS[int(value) - 1]
    return _WEEKDAYS[int(value)] if trait == "weekday" else value


def _amount(value: float) -> str:
    return f"{float(f'{value:.2g}'):,g}"
