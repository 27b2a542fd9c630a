"""A digest of iCalendar files, which tells whether a file has changed."""

import re
from hashlib import sha256
from typing import Final

# DTSTAMP, for which some servers write the current time into each answer (RFC 5545 3.8.7.2).
_STAMPS: Final = re.compile(rb"(?:^DTSTAMP[;:][^\n]*\n?)+", re.MULTILINE | re.IGNORECASE)


def content_digest(data: bytes) -> bytes:
    """32 bytes that are the same for files that differ only in their DTSTAMPs."""
    digest = sha256()
    view = memoryview(data)
    begins = 0
    for stamps in _STAMPS.finditer(data):
        digest.update(view[begins : stamps.start()])
        begins = stamps.end()
    digest.update(view[begins:])
    return digest.digest()
