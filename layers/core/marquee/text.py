"""Text as people compare it."""

import unicodedata


def folded(text: str) -> str:
    """Text without case and accents: ``München`` and ``MUNCHEN`` are the same, as are ``Straße`` and ``STRASSE``."""
    if text.isascii():
        return text.lower()
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return bare.casefold()
