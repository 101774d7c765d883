"""How a trained model is stored: compact, and the same bytes for the same model."""

import zlib
from datetime import date
from typing import Any

import orjson

from marquee.demand.models import Accuracy, Model


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
        benchmark=tuple(body["benchmark"]),
        spread=tuple(body["spread"]),
        traits={
            trait: {value: (count, level) for value, (count, level) in values.items()}
            for trait, values in body["traits"].items()
        },
    )
