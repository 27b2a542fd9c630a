"""Whether a file says what it said before."""

import re
from hashlib import sha256
from typing import Final

# Some servers write the present time into it whenever they are asked (RFC 5545 3.8.7.2).
_STAMPS: Final = re.compile(rb"(?:^DTSTAMP[;:][^\n]*\n?)+", re.MULTILINE | re.IGNORECASE)


def content_digest(data: bytes) -> bytes:
    """32 bytes that are the same for files that differ in nothing but their DTSTAMPs."""
    digest = sha256()
    view = memoryview(data)
    begins = 0
    for stamps in _STAMPS.finditer(data):
        digest.update(view[begins : stamps.start()])
        begins = stamps.end()
    digest.update(view[begins:])
    return digest.digest()
