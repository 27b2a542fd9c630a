"""Makes the slug of an event type, its part of a URL, from its name."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Final

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.availability import event_types

# Shorter than a slug may be, to leave room for a suffix such as `-2`.
LONGEST_SLUG_OF_A_NAME: Final = 60
SLUG_WITHOUT_A_NAME: Final = "event-type"


async def list_free_slugs(work: UnitOfWork, name: str) -> Iterator[str]:
    """Slugs of the name that are free now, endlessly: somebody else may take one first, so the
    caller tries one after the other."""
    taken = await event_types.list_slugs(work.tenant, _slug_of(name))
    return (slug for slug in _slugs_of(name) if slug not in taken)


def _slug_of(name: str) -> str:
    """The name as a part of a URL: lower case, digits and hyphens, accents dropped."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG_OF_A_NAME]
    return slug.rstrip("-") or SLUG_WITHOUT_A_NAME


def _slugs_of(name: str) -> Iterator[str]:
    """The slug of the name, then the same with `-2`, `-3`, … without end."""
    base = _slug_of(name)
    yield base
    yield from (f"{base}-{number}" for number in count(2))
