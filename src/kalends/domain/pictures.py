"""Pictures: an organization's logo, and photos of its schedules."""

import hashlib
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

MOST_PICTURE_BYTES: Final = 2 * 1024 * 1024
MOST_PIXELS: Final = 12_000_000
# Pictures no longer in use that are kept, since mails that were sent link to them.
PICTURES_KEPT: Final = 20
SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg"}


class Box(NamedTuple):
    """The largest size of a picture, in pixels."""

    width: int
    height: int


# Twice the size at which they are shown, for high-resolution screens.
LOGO_BOX: Final = Box(480, 144)
PHOTO_BOX: Final = Box(192, 192)


class Picture(Struct, frozen=True):
    """A picture after re-encoding. Its name has all that a page needs to show it: a hash of the
    content, the size and the format."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def name(self) -> str:
        digest = hashlib.sha256(self.content).hexdigest()[:32]
        return f"{digest}-{self.width}x{self.height}.{SUFFIXES[self.media_type]}"


class NoPicture(Struct, frozen=True):
    """Why the content is no usable picture, as the end of a sentence."""

    reason: str


class PictureReader(Protocol):
    """Decodes uploaded pictures, which may be any bytes."""

    async def read(self, content: bytes, box: Box) -> Picture | NoPicture:
        """The picture, scaled down to fit the box and reduced to its pixels, without metadata."""


class ClosedReader:
    """The reader of programs without gateways, such as some commands: it reads nothing."""

    async def read(self, content: bytes, box: Box) -> Picture | NoPicture:
        return NoPicture("cannot be read here")


def media_type_of(name: str) -> str | None:
    """The media type by a picture's name; None if the name is not of a picture."""
    suffix = name.rpartition(".")[2]
    return next((media for media, own in SUFFIXES.items() if own == suffix), None)


def size_of(name: str) -> tuple[int, int]:
    """Width and height in pixels, by a picture's name."""
    width, _, height = name.partition("-")[2].partition(".")[0].partition("x")
    return int(width), int(height)
