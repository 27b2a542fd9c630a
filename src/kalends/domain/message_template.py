"""Message templates: an organization's own words in mail about bookings."""

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
    """Who gets the mails."""

    ATTENDEE = "attendee"
    ORGANIZATION = "organization"
    HOST = "host"


# These cannot be switched off: an attendee with an appointment always learns of its changes, so
# that nobody stands before a closed door.
NEVER_OFF: Final = frozenset(
    (TemplateAudience.ATTENDEE, kind)
    for kind in (TemplateKind.RESCHEDULED, TemplateKind.UPDATED, TemplateKind.CANCELLED)
)
# Hosts are not reminded.
NEVER_SENT: Final = frozenset({(TemplateAudience.HOST, TemplateKind.REMINDER)})


class TemplateScope(Struct, frozen=True, kw_only=True):
    """Which mails a template is for: a kind, an audience, a language (BCP 47; None is any) and an
    event type (None is any). Mails in the scope are not sent if it `is_off`."""

    kind: str
    audience: str
    locale: str | None
    event_type_id: UUID | None
    is_off: bool = False


class MessageTemplate(TemplateScope, frozen=True, kw_only=True):
    """A stored template. A `subject` or `body` (Markdown) of None takes the built-in words."""

    subject: str | None
    body: str | None
    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class OwnWords(Struct, frozen=True):
    """The organization's words for one message, with placeholders; None takes the built-in
    words."""

    subject: str | None
    body: str | None


T = TypeVar("T", bound=TemplateScope)


def languages_sought(tag: str | None, language: str) -> list[str]:
    """The languages in which to look for own words, in order: for the tag `de-AT` (BCP 47) that is
    `de-AT`, then `de`, at last `language`, in which the mail is otherwise written. Readers of any
    Portuguese also get `pt-BR`."""
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
    """The template that applies, if any: one for the event type before one for all, and within each
    the first of the languages before one for any language."""
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
