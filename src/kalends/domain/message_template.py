"""An organization's own words in mail about bookings."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from msgspec import Struct

from kalends.domain.mail import Audience, MailKind

MOST_TEMPLATES: Final = 500


class TemplateKind(StrEnum):
    """The mails about bookings whose words can be an organization's own."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    REMINDER = "reminder"


class TemplateAudience(StrEnum):
    """Whom they are for."""

    ATTENDEE = "attendee"
    ORGANIZATION = "organization"
    HOST = "host"


# An attendee who has an appointment learns what becomes of it, whatever was switched off: else
# somebody stands before a closed door.
NEVER_OFF: Final = frozenset(
    (TemplateAudience.ATTENDEE, kind)
    for kind in (TemplateKind.RESCHEDULED, TemplateKind.UPDATED, TemplateKind.CANCELLED)
)
# Hosts are not reminded.
NEVER_SENT: Final = frozenset({(TemplateAudience.HOST, TemplateKind.REMINDER)})


class TemplateScope(Struct, frozen=True, kw_only=True):
    """Which mails it is about: of a kind, to an audience, in a language (BCP 47; None: each), about
    bookings of an event type (None: all). What `is_off` is not sent."""

    kind: str
    audience: str
    locale: str | None
    event_type_id: UUID | None
    is_off: bool = False


class MessageTemplate(TemplateScope, frozen=True, kw_only=True):
    """None as `subject` or `body` (Markdown) is our own."""

    subject: str | None
    body: str | None
    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class OwnWords(Struct, frozen=True):
    """Those of one message, with placeholders; None is ours."""

    subject: str | None
    body: str | None


T = TypeVar("T", bound=TemplateScope)


def languages_sought(tag: str | None, language: str) -> list[str]:
    """Where words are looked for, for a reader of that tag (BCP 47) whose mail is otherwise in
    that language: `de-AT`, then `de`. Whoever reads Portuguese reads Brazilian."""
    parts = tag.split("-") if tag else []
    chain = ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]
    brazilian = ["pt-BR"] if "pt" in (language, *chain) else []
    return list(dict.fromkeys([*chain, *brazilian, language]))


def find_scope(
    templates: Iterable[T],
    kind: MailKind,
    audience: Audience,
    event_type_id: UUID | None,
    languages: Sequence[str],
) -> T | None:
    """The one that counts: that of the event type before that of all, and in each the first of the
    languages before one for each language."""
    fitting = {
        (t.event_type_id, t.locale): t
        for t in templates
        if (t.kind, t.audience) == (kind, audience)
    }
    for about in dict.fromkeys([event_type_id, None]):
        for locale in (*languages, None):
            if (found := fitting.get((about, locale))) is not None:
                return found
    return None
