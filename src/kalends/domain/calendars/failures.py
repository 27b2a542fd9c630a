"""What can go wrong with a calendar elsewhere. At the edge of the network a failure is a value.

Reasons are parts of sentences, in English, and contain no URL, since the URL of a calendar file is
a secret.
"""

from typing import TypeAlias

from msgspec import Struct


class Unanswered(Struct, frozen=True):
    """There was no usable answer, which may pass: the reason, and after how many seconds the server
    wants to be asked again, if it says so. It proves nothing: the request may have been carried
    out."""

    reason: str
    retry_after_seconds: float | None = None


class AddressRefused(Struct, frozen=True):
    """Kalends refused to send the request; `reason` is the end of a sentence that begins with the
    address."""

    reason: str


class LeadsElsewhere(Struct, frozen=True):
    """The address redirects to another host, which would have received the password. Whoever trusts
    `url` has to enter it."""

    url: str


class CredentialsRefused(Struct, frozen=True):
    """User name or password are wrong (401)."""


class ConsentEnded(CredentialsRefused, frozen=True):
    """The provider does not accept the tokens any more (`invalid_grant`): the owner has revoked the
    consent, or it has expired."""


class ConsentLacks(CredentialsRefused, frozen=True):
    """The consent does not cover the request: a box was left unticked, or a scope was not granted.
    The reason is in the words of the provider's own page."""

    reason: str


class AnotherAccount(CredentialsRefused, frozen=True):
    """The credentials are valid, but for another person's account than before."""


class NotAllowed(Struct, frozen=True):
    """The credentials are valid, but do not permit the request (403)."""

    reason: str


class NotUnderstood(Struct, frozen=True):
    """The server answers in a way that Kalends does not understand."""

    reason: str


class CalendarTooLarge(Struct, frozen=True):
    """The calendar is larger than Kalends reads."""

    reason: str


class CalendarGone(Struct, frozen=True):
    """There is no such calendar (404, 410)."""


CalendarFailure: TypeAlias = (
    Unanswered
    | AddressRefused
    | LeadsElsewhere
    | CredentialsRefused
    | NotAllowed
    | NotUnderstood
    | CalendarTooLarge
    | CalendarGone
)


class ObjectGone(Struct, frozen=True):
    """The calendar has no such object (404, 410)."""


class TokenRefused(Struct, frozen=True):
    """The server cannot tell the changes since this token: it does not know the token, or knows
    only that something has changed. Compare everything (`CalendarAccount.compare_all`)."""

    reason: str


class UidTaken(Struct, frozen=True):
    """The server has that UID already, at another href (given if it says so) or in its trash.
    Another UID has to be used."""

    href: str | None = None
