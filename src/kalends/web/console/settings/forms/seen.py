"""Tells whether somebody else has changed what a form shows since it was rendered.

A form about a section of a thing has the version of the whole thing and a digest of the fields of
that section. It is only stale if one of these fields has changed.
"""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple

from kalends.formats.encoding import encode
from kalends.runtime.if_match import IfMatch, check_version
from kalends.web.pages.forms import FormFields

VERSION_FIELD: Final = "version"
DIGEST_FIELD: Final = "shown"
SEEN_FIELDS: Final = frozenset({VERSION_FIELD, DIGEST_FIELD})
IsShown = Callable[[str], bool]
"""Whether a form, or a section of one, has the field of that name."""


def everything(_: str) -> bool:
    """Shows all fields, for a form without sections."""
    return True


class Seen(NamedTuple):
    """What a form was rendered from. Pages of the previous release have no digest."""

    if_match: IfMatch
    digest: str

    @classmethod
    def read(cls, form: FormFields) -> "Seen":
        return cls(if_match_of(form), form.text(DIGEST_FIELD))

    def check(self, version: int, stored: FormFields, is_shown: IsShown) -> None:
        """Compares with the version that is stored now, and with the form filled in from it. Raises
        Stale if somebody else has changed the section."""
        if self.digest != digest_of(stored, is_shown):
            check_version(version, self.if_match)


def digest_of(filled_in: FormFields, is_shown: IsShown) -> str:
    """The digest of a section's fields in a form that is filled in from the stored thing."""
    names = sorted(name for name in filled_in if name not in SEEN_FIELDS and is_shown(name))
    fields = [(name, filled_in.all_of(name)) for name in names]
    return hashlib.sha256(encode(fields)).hexdigest()


def if_match_of(form: FormFields) -> IfMatch:
    """The version that the form was rendered from."""
    text = form.text(VERSION_FIELD)
    return frozenset({int(text)}) if text.isascii() and text.isdigit() and len(text) < 10 else None
