"""Pictures for tests, good and bad, written by hand: Kalends reads them with Pillow."""

import struct
import zlib
from importlib.util import find_spec
from typing import Final

import pytest

# `make` installs it; other ways to an environment may have been there before it was needed.
NEEDS_PILLOW: Final = pytest.mark.skipif(find_spec("PIL") is None, reason="Pillow is missing")
RED: Final = b"\xc8\x1e\x50"


def png(width: int, height: int, pixel: bytes = RED, beside: bytes = b"") -> bytes:
    """Of one colour, RGB or RGBA by how long a pixel is; `beside` are further chunks."""
    kind = 6 if len(pixel) == 4 else 2
    rows = (b"\0" + pixel * width) * height
    return _png(width, height, kind, beside, zlib.compress(rows, 9))


def png_bomb(width: int, height: int) -> bytes:
    """It says that it is large, and its data unpack to 64 MB."""
    return _png(width, height, 2, b"", zlib.compress(bytes(1 << 26), 9))


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def _png(width: int, height: int, kind: int, beside: bytes, packed: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    data, end = chunk(b"IDAT", packed), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + beside + data + end
