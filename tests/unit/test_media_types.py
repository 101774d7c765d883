"""Which media type a client is sent, by its `Accept` header."""

import pytest

from marquee.media_types import preferred

JSON, SVG = OFFERED = ("application/json", "image/svg+xml")
BROWSERS_IMAGE = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
BROWSERS_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("image/svg+xml", SVG),
        ("Image/SVG+XML", SVG),
        ("image/*", SVG),
        ("image/svg+xml;q=0.9, application/json;q=0.8", SVG),
        ("image/svg+xml;q=0.8, application/json;q=0.9", JSON),
        ("image/svg+xml, application/json", JSON),
        ("*/*;q=0.1, image/*;q=0.2", SVG),
        # The more specific range decides, wherever it stands
        ("image/*, image/svg+xml;q=0, */*;q=0.5", JSON),
        ("application/*;q=0.3, image/svg+xml;q=0.2, */*;q=0.9", JSON),
        ("application/json;q=0, */*", SVG),
        (BROWSERS_IMAGE, SVG),
        (BROWSERS_PAGE, JSON),
        ("image/svg+xml; charset=utf-8", SVG),
        ("image/svg+xml ; q = 0.5 , application/json;q=0.4", SVG),
        # Neither is taken, or the header is none: JSON, as the table of errors knows no 406
        ("text/html", JSON),
        ("image/svg+xml;q=0, application/json;q=0", JSON),
        ("image/svg+xml;q=2", JSON),
        ("image/svg+xml;q=abc", JSON),
        ("svg;;,=", JSON),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, sent: str) -> None:
    assert preferred(accept, OFFERED) == sent
