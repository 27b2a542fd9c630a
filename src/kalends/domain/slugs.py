"""Slugs of organizations, and the reserved ones: first parts of paths that Kalends itself uses."""

import re
import unicodedata
from typing import Final

RESERVED: Final = frozenset(
    {
        "api",
        "booking",
        "connect",
        "console",
        "docs",
        "embed",
        "favicon",
        "feeds",
        "healthz",
        "hooks",
        "invitations",
        "llms",
        "metrics",
        "openapi",
        "password-reset",
        "readyz",
        "robots",
        "sitemap",
        "static",
        "well-known",
    }
)
LONGEST_SLUG: Final = 60


def is_reserved(slug: str) -> bool:
    """Whether no organization may have this slug."""
    return slug in RESERVED


def slug_of(name: str) -> str:
    """A slug made of a name: lower-case letters, digits and hyphens. It may be reserved."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG] or "organization"
