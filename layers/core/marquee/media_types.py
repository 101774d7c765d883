"""Which of several media types a client is sent: proactive negotiation by its `Accept` header (RFC 9110, 12.5.1)."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of the header's grammar
_RANGE = re.compile(rf"({_TOKEN})/({_TOKEN})")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class _Range(NamedTuple):
    """Media types that a client takes, and how gladly (0 is not at all)."""

    kind: str
    subtype: str
    weight: float

    def exactness(self, media_type: str) -> int:
        """How closely it names a media type; 0 where it does not mean it."""
        kind, _, subtype = media_type.partition("/")
        if (self.kind, self.subtype) == (kind, subtype):
            return 3
        if (self.kind, self.subtype) == (kind, "*"):
            return 2
        return 1 if (self.kind, self.subtype) == ("*", "*") else 0


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that the client likes best; of equals, and where it likes none, the first.

    The most specific range that means a type decides about it. What is no media range is passed over.
    """
    ranges = list(_ranges(accept or "*/*"))

    def weight(media_type: str) -> float:
        fitting = [(one.exactness(media_type), one.weight) for one in ranges if one.exactness(media_type)]
        return max(fitting, default=(0, 0.0))[1]

    return max(offered, key=weight)


def _ranges(accept: str) -> Iterator[_Range]:
    """The ranges of the header. Parameters other than the weight are not told apart: nothing is offered with any."""
    for element in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in element.split(";"))
        given = dict(part.replace(" ", "").partition("=")[::2] for part in parameters)
        match, weight = _RANGE.fullmatch(media_range), given.get("q", "1")
        if match and _WEIGHT.fullmatch(weight):
            yield _Range(match[1], match[2], float(weight))
