"""What the pages of attendees say: booking and self-service."""

from typing import Final

WORDS: Final[dict[str, str]] = {}
