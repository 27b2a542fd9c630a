"""Pictures of an organization's own: its logo, and photos of its schedules."""

import hashlib
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

MOST_PICTURE_BYTES: Final = 2 * 1024 * 1024
MOST_PIXELS: Final = 12_000_000
# Of those that are not used any more: mails that were sent show them.
PICTURES_KEPT: Final = 20
SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg"}


class Box(NamedTuple):
    """What a picture has to fit into, in pixels."""

    width: int
    height: int


# Twice what is shown, for sharp screens.
LOGO_BOX: Final = Box(480, 144)
PHOTO_BOX: Final = Box(192, 192)


class Picture(Struct, frozen=True):
    """A picture as it was written anew. Its name is all that a page needs to show it: a hash of
    what is in it, its size, its format."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def name(self) -> str:
        digest = hashlib.sha256(self.content).hexdigest()[:32]
        return f"{digest}-{self.width}x{self.height}.{SUFFIXES[self.media_type]}"


class NoPicture(Struct, frozen=True):
    """Why there is none: a sentence's end, as of a fault."""

    reason: str


class PictureReader(Protocol):
    """Reads what somebody sent, which may be anything."""

    async def read(self, content: bytes, box: Box) -> Picture | NoPicture:
        """The picture, no larger than the box, without anything but its pixels."""


class ClosedReader:
    """What a program without gateways has."""

    async def read(self, content: bytes, box: Box) -> Picture | NoPicture:
        return NoPicture("cannot be read here")


def media_type_of(name: str) -> str | None:
    """Of a picture by its name; None for what is no such name."""
    suffix = name.rpartition(".")[2]
    return next((media for media, own in SUFFIXES.items() if own == suffix), None)


def size_of(name: str) -> tuple[int, int]:
    """Width and height in pixels, of a picture by its name."""
    width, _, height = name.partition("-")[2].partition(".")[0].partition("x")
    return int(width), int(height)
