"""Entity tags and `If-Match` (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from dataclasses import dataclass

from marquee.errors import Malformed, Stale

_TAGS = re.compile(r'\s*(?:W/)?"[!#-~]*"\s*(?:,\s*(?:W/)?"[!#-~]*"\s*)*')
_OURS = re.compile(r'(W/)?"(\d+)(?:\.\d+)*"')


def etag(version: int, *companions: int) -> str:
    """The entity tag of a stored version; `companions` are versions of what else the document shows."""
    return f'"{".".join(map(str, (version, *companions)))}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """What `If-Match` demands: one of these versions; None where it demands nothing (absent, or ``*``)."""

    versions: tuple[int, ...] | None = None

    def holds(self, version: int) -> bool:
        """Whether an entity of this version may be written."""
        return self.versions is None or version in self.versions

    def require(self, version: int) -> None:
        """Raise Stale unless an entity of this version may be written."""
        if not self.holds(version):
            raise Stale("precondition.stale", f"The entity has changed: its version is {version} now. Read it again.")


def parse(if_match: str | None) -> Precondition:
    """The header's value as a precondition. Raises Malformed for what is no list of entity tags.

    Only the entity's own version counts, not those of its companions: an edit overwrites nothing else. Weak tags never
    match (RFC 9110, 8.8.3.2).
    """
    if if_match is None or if_match.strip() == "*":
        return Precondition()
    if not _TAGS.fullmatch(if_match):
        raise Malformed(
            "precondition.malformed", 'If-Match takes "*" or entity tags in double quotes, as ETag has them.'
        )
    return Precondition(tuple(int(number) for weak, number in _OURS.findall(if_match) if not weak))
