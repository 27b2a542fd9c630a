"""Pictures that somebody sent, read in a process of their own."""

import asyncio
import zlib

import pytest

from kalends.domain.pictures import LOGO_BOX, NoPicture, Picture, media_type_of, size_of
from kalends.gateways.pictures.process import BUSY, MOST_WAITING, PictureProcess
from tests.pictures import NEEDS_PILLOW, chunk, png, png_bomb

pytestmark = [pytest.mark.server, NEEDS_PILLOW]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(1)</script>"


def read(content: bytes) -> Picture | NoPicture:
    return asyncio.run(PictureProcess().read(content, LOGO_BOX))


def reason_of(content: bytes) -> str:
    answer = read(content)
    assert isinstance(answer, NoPicture)
    return answer.reason


@pytest.mark.parametrize("pixel", [b"\xc8\x1e\x50", b"\xc8\x1e\x50\x63"])
def test_a_picture_is_written_anew_and_fits_its_box(pixel: bytes) -> None:
    picture = read(png(800, 300, pixel))
    assert isinstance(picture, Picture)
    assert (picture.width, picture.height) == (384, 144)
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert size_of(picture.name) == (384, 144)
    assert media_type_of(picture.name) == "image/png"


def test_nothing_but_its_pixels_is_kept() -> None:
    beside = chunk(b"tEXt", b"Comment\0" + SCRIPT)
    picture = read(png(50, 50, beside=beside) + SCRIPT + b"PK\3\4")
    assert isinstance(picture, Picture)
    assert b"script" not in picture.content
    assert b"tEXt" not in picture.content
    assert picture.content.endswith(chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (SVG, "PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(20), "PNG, JPEG or WebP"),
        (b"", "PNG, JPEG or WebP"),
        (png_bomb(60_000, 60_000), "12 million pixels"),
        (png_bomb(4_000, 3_001), "12 million pixels"),
        (png(800, 300)[:200], "cannot be read to its end"),
        (png(9, 9, beside=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 28)))), "cannot be"),
    ],
    ids=["svg", "gif", "nothing", "bomb", "too many pixels", "cut off", "text bomb"],
)
def test_what_is_no_fit_picture_is_refused(content: bytes, says: str) -> None:
    assert says in reason_of(content)


def test_what_unpacks_to_more_than_it_says_is_cut() -> None:
    picture = read(png_bomb(300, 300))
    assert isinstance(picture, Picture)
    assert (picture.width, picture.height) == (144, 144)


def test_who_comes_while_many_wait_is_sent_away() -> None:
    async def crowd() -> list[Picture | NoPicture]:
        reader = PictureProcess()
        return await asyncio.gather(*(reader.read(b"", LOGO_BOX) for _ in range(MOST_WAITING + 1)))

    assert asyncio.run(crowd())[-1] is BUSY
