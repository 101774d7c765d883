"""What training and scoring agree on: traits, features and members of the forecast; and how a model is stored.

The forecast is a weighted mean of members: pick-up methods with long and short memories (Weatherford and Kimes 2003),
plain means of past finals, the mean of comparable events shrunken by empirical Bayes, and ridge regressions of the
pick-up. `training` learns the weights from the members' past errors (Bates and Granger 1969).
"""

import zlib
from collections.abc import Sequence
from datetime import date
from math import exp, log2
from typing import Any

import orjson

from marquee.demand.models import Accuracy, Facts, Model, Step

REACH = 365
LEADS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
# Half-lives of the means, in events: the season's pace needs a short memory, a sparse calendar a long one.
MEMORIES = (5, 20, 80, 400)
WEEKDAY_MEMORIES = (4, 16)
OFFSETS = (1, 3)  # the memories of the advanced pick-ups that the regressions correct
# The regressions' penalties in events: each corrects every offset. The last is of the brief regression, which has few
# inputs and so can be learnt from few events.
PENALTIES = (20.0, 7.0, 5.0)
# The days around an event whose sales speak for its own, with the days at which their weight falls to 1/e.
KERNELS: tuple[tuple[tuple[int, ...], float], ...] = ((tuple(range(-3, 4)), 2.0), (tuple(range(-14, 15)), 7.0))
TRAITS = ("category", "city", "venue", "capacity", "price", "season", "weekday")
EXACT = 0.002  # of the capacity: as near to it is sold out
_AHEAD = 0.25  # of what is sold: as much more may come where capacities have not been limits
_SMALL = 0.05  # of a capacity: keeps ratios of hardly anything sold near 1
_STEEPEST = 20.0  # the most that a pick-up in proportion multiplies what is sold


def weight(offset: int, width: float) -> float:
    """How much an event `offset` days away counts in a kernel."""
    return exp(-abs(offset) / width)


def trait_values(facts: Facts) -> tuple[str, ...]:
    """The values of `TRAITS`: capacity in bands of a factor two, price of a factor 1.4, season by month."""
    price = "" if not facts.price or facts.price <= 0 else str(round(2 * log2(facts.price)))
    return (
        facts.category,
        facts.city,
        f"{facts.city}/{facts.venue_name}",
        str(round(log2(max(facts.capacity, 1)))),
        price,
        str(facts.day.month),
        str(facts.day.weekday()),
    )


def checksum(eid: str) -> int:
    """A short mark of an event, to know whether a model has seen it."""
    return zlib.crc32(eid.encode())


def scale(sold: Any, value: Any) -> Any:
    """The unit of an error: an error grows with what is still to come. Numbers or arrays."""
    return (value - sold) + 0.05 * value + 0.005


def limit(room: Any, sold: Any) -> Any:
    """The greatest final that is predicted: the capacity, or what is sold already. Numbers or arrays.

    More only where capacities have not been limits: `room` says so of past events, what is sold of this one.
    """
    return _at_least(sold * (1 + _AHEAD * ((room > 1) | (sold > 1 + EXACT))), room)


def features(
    own: tuple[Any, Any, Any],
    effect: Any,
    near: Sequence[tuple[Any, Any, Any, Any]],
    weekdays: Sequence[Any],
    pickups: tuple[Any, Any, Any],
    level: tuple[Any, Any],
    reached: Sequence[Any],
) -> list[Any]:
    """The regressions' inputs, of numbers or of arrays.

    `own`: sold, of it in the last 7 and 28 days. `near`, for each kernel: what the neighbours sold, what the benchmark
    had at their leads, what they sold in 7 days beyond the benchmark, and their weight. `pickups`: advanced pick-up
    with a short, a middling and a long memory. `level`: final and sold so far of a long memory. `reached`: what was
    sold by this lead, by memory. The last input is the brief regression's alone: the pick-up in proportion to what is
    sold.
    """
    sold = own[0]
    final, usual = level
    given = [sold, own[1], own[2], effect, *weekdays, pickups[0], pickups[2], sold * final / _at_least(usual, 1e-6)]
    for sales, expected, pace, mass in near:
        ratio = (sales + _SMALL) / (expected + _SMALL)
        given += [(sales - expected) / (mass + 1.0), pace / (mass + 1.0), ratio * (final - usual)]
    given += [sold - one for one in reached]
    return [*given, sold * _at_most(pickups[1] / _at_least(reached[1], 1e-6), _STEEPEST)]


def brief(inputs: int) -> list[int]:
    """The places of the brief regression's inputs among so many: sold in 7 and 28 days, beyond the usual, the last."""
    return [1, 2, inputs - len(MEMORIES), inputs - 1]


def members(
    sold: Any,
    finals: Sequence[Any],
    additive: Sequence[Any],
    advanced: Sequence[Any],
    reached: Sequence[Any],
    effect: Any,
) -> list[Any]:
    """The finals that the simple members predict, of numbers or of arrays; the regressions' follow them."""
    comparable = finals[2] + effect
    return [
        *(sold + one for one in advanced),
        sold + additive[0],
        sold + additive[3],
        sold * finals[1] / _at_least(reached[1], 1e-6),
        sold * finals[3] / _at_least(reached[3], 1e-6),
        finals[1],
        finals[3],
        comparable,
        sold + additive[2] * comparable / _at_least(finals[2], 1e-6),
    ]


def _at_least(value: Any, least: Any) -> Any:
    return value * (value > least) + least * (value <= least)


def _at_most(value: Any, most: float) -> Any:
    return value * (value < most) + most * (value >= most)


def pack(model: Model) -> bytes:
    """The model as bytes: compressed JSON, at most 300 KB, equal for equal models."""
    return zlib.compress(orjson.dumps(model, option=orjson.OPT_SORT_KEYS), 9)


def unpack(packed: bytes) -> Model:
    """The model that `pack` was given."""
    body: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    return Model(
        trained_as_of=date.fromisoformat(body["trained_as_of"]),
        events=body["events"],
        backtest=tuple(Accuracy(**one) for one in body["backtest"]),
        steps=tuple(Step(**{name: _frozen(value) for name, value in one.items()}) for one in body["steps"]),
        benchmark=tuple(body["benchmark"]),
        finals=tuple(body["finals"]),
        traits={
            trait: {value: (count, effect, share) for value, (count, effect, share) in values.items()}
            for trait, values in body["traits"].items()
        },
        neighbours=_frozen(body["neighbours"]),
        running=tuple(body["running"]),
        room=body["room"],
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
