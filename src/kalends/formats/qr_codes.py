"""QR codes (ISO/IEC 18004), as SVG and PNG."""

import io
from typing import Any, Final

import segno

# Modules of white around the code, which readers need.
QUIET_ZONE: Final = 4
# Pixels of a module: some 800 for the code of an address.
MODULE_PIXELS: Final = 20


def qr_svg(text: str) -> bytes:
    """The text as a QR code: black on white whatever is around it, and without a size of its own.
    Level M: it can be read with 15 % of it gone. Raises ValueError for more than 2,331 bytes."""
    return _drawn(text, "svg", omitsize=True)


def qr_png(text: str) -> bytes:
    """The same in pixels, for programs that take no SVG."""
    return _drawn(text, "png", scale=MODULE_PIXELS)


def _drawn(text: str, kind: str, **options: Any) -> bytes:
    code = segno.make_qr(text, error="m")
    out = io.BytesIO()
    code.save(out, kind=kind, border=QUIET_ZONE, dark="#000", light="#fff", **options)
    return out.getvalue()
