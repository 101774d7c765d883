"""How a request that is well-formed is refused for what it asks."""

from collections.abc import Sequence

from marquee.errors import Unprocessable, Violation


def refuse(wrong: Sequence[Violation]) -> None:
    """Raise Unprocessable where anything is wrong, naming all of it; the code is that of the first."""
    if wrong:
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        raise Unprocessable(wrong[0].code, wrong[0].message + more, violations=wrong)
