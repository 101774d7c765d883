"""What is taken for a picture: by its content, whatever it is called."""

import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from marquee.hub.images.content import MAX_BYTES, media_type
from marquee.hub.images.refusals import Refused
from tests.support.hub_images import animation, announcing, code_of, picture

LAYER = Path(__file__).parents[2] / "layers" / "core"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>" + b" " * 1000
SMALLEST = 301


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_a_png_of_every_colour_is_taken(mode: str) -> None:
    assert media_type(picture(mode=mode)) == "image/png"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_every_colour_is_taken(mode: str, progressive: bool) -> None:
    assert media_type(picture(kind="JPEG", mode=mode, progressive=progressive)) == "image/jpeg"


def test_a_cameras_jpeg_with_a_preview_in_it_is_taken() -> None:
    file, preview = io.BytesIO(), Image.new("RGB", (160, 120))
    Image.new("RGB", (SMALLEST, SMALLEST)).save(file, "MPO", save_all=True, append_images=[preview])
    assert media_type(file.getvalue()) == "image/jpeg"


@pytest.mark.parametrize(
    ("width", "height", "taken"),
    [(301, 301, True), (300, 301, False), (301, 300, False), (300, 300, False), (4000, 301, True), (1, 4000, False)],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_both_sides_are_longer_than_300_pixels(width: int, height: int, taken: bool, kind: str) -> None:
    sent = picture(width, height, kind)
    if taken:
        assert media_type(sent)
        return
    with pytest.raises(Refused, match=f"is {width}x{height} pixels; it must be larger than 300x300") as refused:
        media_type(sent)
    assert code_of(refused) == "image.too_small"


OTHERS = {
    "gif": picture(kind="GIF", mode="P"),
    "webp": picture(kind="WEBP"),
    "bmp": picture(kind="BMP"),
    "tiff": picture(kind="TIFF"),
    "svg": SVG,
    "html": HTML,
    "nothing": b"",
    "zeros": b"\0" * 9,
}


@pytest.mark.parametrize("sent", OTHERS.values(), ids=OTHERS)
def test_what_is_neither_png_nor_jpeg_is_refused(sent: bytes) -> None:
    with pytest.raises(Refused) as refused:
        media_type(sent)
    assert code_of(refused) == "image.format"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("left", [0.3, 0.6, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind: str, left: float) -> None:
    noise = random.Random(7).randbytes(SMALLEST * SMALLEST)
    file = io.BytesIO()
    Image.frombytes("L", (SMALLEST, SMALLEST), noise).save(file, kind)
    whole = file.getvalue()
    assert media_type(whole)
    with pytest.raises(Refused) as refused:
        media_type(whole[: int(len(whole) * left)])
    assert code_of(refused) == "image.unreadable"


def test_a_picture_with_a_changed_byte_is_refused() -> None:
    sent = bytearray(picture(mode="L"))
    sent[sent.index(b"IDAT") + 10] ^= 0xFF
    with pytest.raises(Refused) as refused:
        media_type(bytes(sent))
    assert code_of(refused) == "image.unreadable"


@pytest.mark.parametrize("size", [(65_000, 65_000), (2_000_000_000, 301), (9_000, 9_000), (6_400, 6_400)])
def test_what_would_unfold_to_too_many_pixels_is_refused_by_its_header(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given that nothing is decoded
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(Refused) as refused:
        media_type(announcing(*size))
    assert code_of(refused) == "image.too_many_pixels"


def test_a_few_bytes_that_unfold_to_many_pixels_are_refused() -> None:
    bomb = picture(6_400, 6_400, mode="1")
    assert len(bomb) < 20_000
    with pytest.raises(Refused) as refused:
        media_type(bomb)
    assert code_of(refused) == "image.too_many_pixels"


def test_a_jpeg_of_very_many_passes_is_refused() -> None:
    sent = picture(kind="JPEG", progressive=True)
    first = sent.index(b"\xff\xda")
    sent = sent[:first] + sent[first:-2] * 10 + sent[-2:]
    assert sent.count(b"\xff\xda") > 30
    with pytest.raises(Refused, match="more than 30 passes"):
        media_type(sent)


def test_what_moves_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        media_type(animation())
    assert code_of(refused) == "image.animated"


def test_ten_megabytes_are_the_most() -> None:
    sent = picture()
    padded = sent + b"\0" * (MAX_BYTES - len(sent))
    assert media_type(padded) == "image/png"
    with pytest.raises(Refused, match="larger than 10 MB"):
        media_type(padded + b"\0")


def test_nothing_that_images_need_is_loaded_before_there_is_one() -> None:
    program = "import sys, marquee.hub.images.service; print([name for name in sys.modules if name in sys.argv[1:]])"
    heavy = ["PIL", "marquee.hub.images.fetching", "concurrent.futures.thread"]
    said = subprocess.run(
        [sys.executable, "-c", program, *heavy], cwd=LAYER, capture_output=True, check=True, text=True, timeout=60
    )
    assert said.stdout.strip() == "[]"
