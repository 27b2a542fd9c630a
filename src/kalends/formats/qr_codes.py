"""QR codes (ISO/IEC 18004), as SVG and PNG."""

import io
from typing import Any, Final

import segno

# The white margin around the code in modules, which scanners need.
QUIET_ZONE: Final = 4
# The pixels of a module, which gives some 800 for the code of a URL.
MODULE_PIXELS: Final = 20


def qr_svg(text: str) -> bytes:
    """The text as a QR code in SVG, black on white on any background, and without a fixed size. It
    has level M, so 15 % of it may be lost. Raises ValueError for more than 2,331 bytes."""
    return _drawn(text, "svg", omitsize=True)


def qr_png(text: str) -> bytes:
    """The text as a QR code in PNG, for programs that do not support SVG."""
    return _drawn(text, "png", scale=MODULE_PIXELS)


def _drawn(text: str, kind: str, **options: Any) -> bytes:
    code = segno.make_qr(text, error="m")
    out = io.BytesIO()
    code.save(out, kind=kind, border=QUIET_ZONE, dark="#000", light="#fff", **options)
    return out.getvalue()
