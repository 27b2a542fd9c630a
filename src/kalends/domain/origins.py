"""Web origins (RFC 6454), by which Kalends decides where people may be redirected."""

from typing import Final
from urllib.parse import urlsplit

LONGEST_URL: Final = 2000
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an http or https URL (RFC 6454 4), normalized for comparison. None
    for a URL that browsers might read differently."""
    is_plain = url.isascii() and url.isprintable() and not set(url) & {" ", "\\", "@"}
    if len(url) > LONGEST_URL or not is_plain:
        return None
    try:
        parts = urlsplit(url)
        port, default = parts.port, DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or not url.lower().startswith(f"{parts.scheme}://"):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, default) else f":{port}")
