"""Text as people compare it."""

import unicodedata
from collections.abc import Sequence


def folded(text: str) -> str:
    """Text without case and accents: ``München`` and ``MUNCHEN`` are the same, as are ``Straße`` and ``STRASSE``."""
    if text.isascii():
        return text.lower()
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return bare.casefold()


def mentioned(words: Sequence[str], *texts: str) -> bool:
    """Whether every one of these (folded) words stands in one of the texts."""
    text = folded(" ".join(texts))
    return all(word in text for word in words)
