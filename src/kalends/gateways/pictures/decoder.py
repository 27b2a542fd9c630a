"""Reads a picture from standard input and writes it anew: a program of its own, with limits.

    python -m kalends.gateways.pictures.decoder WIDTH HEIGHT PIXELS

It writes `ok MEDIA_TYPE WIDTH HEIGHT` and the picture's bytes, or `no REASON`. Whatever malicious
bytes can make a decoder do is confined to this process, which has no secrets and no database.
"""

import io
import resource
import sys
from typing import Any, Final

MEMORY_BYTES: Final = 768 * 1024 * 1024
CPU_SECONDS: Final = 10
FORMATS: Final = ("PNG", "JPEG", "WEBP")
WITH_ALPHA: Final = ("RGBA", "LA", "PA", "RGBa", "La")
JPEG_QUALITY: Final = 85
COLOURS: Final = 256
# A first visit to a page has to load all of it, so pictures are kept this small.
MOST_BYTES_WRITTEN: Final = 28_000


def main(width: int, height: int, pixels: int) -> bytes:
    """The answer about the picture on standard input."""
    content = sys.stdin.buffer.read()
    _limit()
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = pixels
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > pixels:
                return b"no pixels"
            opened.draft("RGB", (width * 2, height * 2))
            turned = ImageOps.exif_transpose(opened)
            picture = turned.convert("RGBA" if _has_alpha(turned) else "RGB")
    except UnidentifiedImageError:
        return b"no format"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return b"no pixels"
    except MemoryError:
        return b"no pixels"
    except Exception:
        # Decoders raise anything for a file that is broken, or made to break something.
        return b"no broken"
    return _written(picture, width, height)


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _has_alpha(picture: Any) -> bool:
    return picture.mode in WITH_ALPHA or "transparency" in picture.info


def _written(picture: Any, width: int, height: int) -> bytes:
    """The picture written anew, with nothing but its pixels: as PNG if that is small or if the
    picture is transparent, else as JPEG; reduced until it is small enough."""
    while True:
        picture.thumbnail((width, height))
        media_type, body = min(_candidates(picture), key=lambda candidate: len(candidate[1]))
        if len(body) <= MOST_BYTES_WRITTEN or min(picture.size) <= 1:
            return f"ok {media_type} {picture.width} {picture.height}\n".encode() + body
        width, height = max(picture.width * 3 // 4, 1), max(picture.height * 3 // 4, 1)


def _candidates(picture: Any) -> list[tuple[str, bytes]]:
    plain = _saved(picture, "PNG", optimize=True)
    found = [("image/png", plain)]
    if len(plain) > MOST_BYTES_WRITTEN:
        method = 2 if picture.mode == "RGBA" else 0  # only Pillow's octree supports alpha
        reduced = picture.quantize(COLOURS, method=method)
        found.append(("image/png", _saved(reduced, "PNG", optimize=True)))
    if picture.mode == "RGB":
        found.append(("image/jpeg", _saved(picture, "JPEG", quality=JPEG_QUALITY, optimize=True)))
    return found


def _saved(picture: Any, kind: str, **options: Any) -> bytes:
    picture.info = {}
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(main(*map(int, sys.argv[1:4])))
