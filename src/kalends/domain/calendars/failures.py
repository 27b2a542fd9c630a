"""What can go wrong with a calendar elsewhere. At the edge of the network a failure is a value.

Reasons are parts of sentences, in English, and hold no URL: the address of a calendar file is a
secret.
"""

from typing import TypeAlias

from msgspec import Struct


class Unanswered(Struct, frozen=True):
    """Nothing usable came back, which may pass: why, and in how many seconds the server wants to
    be asked again, where it says so. It proves nothing: what was asked for may have been done."""

    reason: str
    retry_after_seconds: float | None = None


class AddressRefused(Struct, frozen=True):
    """We would not even ask: the end of a sentence that begins with the address."""

    reason: str


class LeadsElsewhere(Struct, frozen=True):
    """The address leads to another host, which would have been given the password. Whoever trusts
    `url` has to enter it."""

    url: str


class CredentialsRefused(Struct, frozen=True):
    """User name or password are not accepted (401)."""


class ConsentEnded(CredentialsRefused, frozen=True):
    """The provider does not take the tokens any more (`invalid_grant`): its owner has taken the
    consent back, or it has run out."""


class ConsentLacks(CredentialsRefused, frozen=True):
    """The consent does not cover what is to be done: a box was left unticked, or it was not
    granted, in the words of the provider's own page."""

    reason: str


class AnotherAccount(CredentialsRefused, frozen=True):
    """They are accepted, and sign in to somebody else's account than before."""


class NotAllowed(Struct, frozen=True):
    """They are, and yet it may not be done (403)."""

    reason: str


class NotUnderstood(Struct, frozen=True):
    """Something answers, but not in a way that we understand."""

    reason: str


class CalendarTooLarge(Struct, frozen=True):
    """It is more than we read."""

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
    """There is no such object in the calendar (404, 410)."""


class TokenRefused(Struct, frozen=True):
    """There is no way from this token to the present: the server does not know it, or knows only
    that something has changed. Compare everything (`CalendarAccount.compare_all`)."""

    reason: str


class UidTaken(Struct, frozen=True):
    """The server holds that UID already, at another address, or in its bin: where, if it says
    so. Another UID has to be used."""

    href: str | None = None
