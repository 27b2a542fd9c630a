"""What can go wrong, in the words of the domain. `web/http/errors.py` has the statuses."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

from kalends.domain.faults import Fault
from kalends.domain.ids import NOUNS


class Detail(NamedTuple):
    """What is wrong with one field, or which rule refuses. The `code` is public; the `fault` is
    for those who say it in words of their own."""

    field: str
    message: str
    code: str | None = None
    fault: Fault | None = None


class KalendsError(Exception):
    """An answer that is not the one hoped for: a sentence a person can act on, and a code."""

    code: ClassVar[str] = "INTERNAL"

    def __init_subclass__(cls, code: str | None = None) -> None:
        if code is not None:
            cls.code = code

    def __init__(self, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class Invalid(KalendsError, code="VALIDATION_ERROR"):
    """A value is not as described."""

    @classmethod
    def field(cls, field: str, message: str, fault: Fault | None = None) -> "Invalid":
        if not field:
            return cls(message)
        return cls(f"{field}: {message}", [Detail(field, message, fault=fault)])


class NotSaved(Invalid):
    """Nothing is wrong with it: what was typed is only shown again, until somebody saves it."""

    def __init__(self) -> None:
        super().__init__("This is not saved yet.")


class BadRequest(KalendsError, code="BAD_REQUEST"):
    """What came is not HTTP."""


class NotJson(KalendsError, code="INVALID_JSON"): ...


class TooSlow(KalendsError, code="REQUEST_TIMEOUT"):
    """The request did not come, or not to its end, in the time that it has for that."""


class TooLarge(KalendsError, code="BODY_TOO_LARGE"): ...


class HeadersTooLarge(KalendsError, code="HEADERS_TOO_LARGE"): ...


class Unauthorized(KalendsError, code="UNAUTHORIZED"): ...


class Forbidden(KalendsError, code="FORBIDDEN"): ...


class FormOutdated(Forbidden):
    """A form is of another session than the one that it was sent in."""


class NeedsAdmin(Forbidden):
    """The user's role in the organization is too small for it."""


class NotFound(KalendsError, code="NOT_FOUND"):
    @classmethod
    def with_id(cls, prefix: str, public_id: str) -> "NotFound":
        """Of the noun that ids with this prefix stand for."""
        return cls(f"There is no {NOUNS[prefix]} {public_id!r} in this organization.")


class MethodNotAllowed(KalendsError, code="METHOD_NOT_ALLOWED"): ...


class RateLimited(KalendsError, code="RATE_LIMITED"):
    """Too many requests; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Stale(KalendsError, code="STALE"):
    """`If-Match` names another version than the one that stands."""


class SlotTaken(KalendsError, code="SLOT_TAKEN"): ...


class Refused(KalendsError):
    """A rule of availability refuses the time. The code is that of the first rule that does."""

    def __init__(self, code: str, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message, details)
        self.refusal = code


class Inactive(KalendsError, code="INACTIVE"): ...


class BrokenZone(KalendsError, code="BROKEN_ZONE"):
    """What is stored has a time zone that does not exist; the message names the row."""


class InvalidTransition(KalendsError, code="INVALID_STATUS_TRANSITION"): ...


class NotReschedulable(KalendsError, code="NOT_RESCHEDULABLE"): ...


class TooLateToChange(KalendsError, code="TOO_LATE_TO_CHANGE"):
    """The attendee's own link can change the booking no more."""


class InUse(KalendsError, code="IN_USE"): ...


class HoldExpired(KalendsError, code="HOLD_EXPIRED"): ...


class SlugTaken(KalendsError, code="SLUG_TAKEN"):
    def __init__(self, slug: str | None) -> None:
        super().__init__(f"The slug {slug!r} is taken. Choose another one.")


class KeyReused(KalendsError, code="IDEMPOTENCY_KEY_REUSED"): ...


class KeyInUse(KalendsError, code="IDEMPOTENCY_KEY_IN_USE"):
    """The first request with the key still runs; `retry_after` is in seconds."""

    retry_after = 1


class SourceError(KalendsError):
    """A source of bookings could not be used. Each provider has classes of its own, as their codes
    are a part of the API."""


class CalcomNotConfigured(SourceError, code="CALCOM_NOT_CONFIGURED"): ...


class CalcomKeyRefused(SourceError, code="CALCOM_KEY_REFUSED"): ...


class CalcomUnsupported(SourceError, code="CALCOM_UNSUPPORTED"):
    """What answers there does not speak the API that we do."""


class CalcomUnavailable(SourceError, code="CALCOM_UNAVAILABLE"): ...


SOURCE_ERRORS: Final[tuple[type[SourceError], ...]] = (
    CalcomNotConfigured,
    CalcomKeyRefused,
    CalcomUnsupported,
    CalcomUnavailable,
)
"""All of them: a failed run has the code of one."""


class CalendarCredentialsRefused(KalendsError, code="CALENDAR_CREDENTIALS_REFUSED"):
    """The server of an account with calendars does not accept what was given to sign in."""


class CalendarUnreachable(KalendsError, code="CALENDAR_UNREACHABLE"):
    """Nothing usable came back from the server of an account with calendars."""


class Unavailable(KalendsError, code="UNAVAILABLE"):
    """The database is away or starting; `retry_after` is in seconds."""

    retry_after = 2


class NotReplicated(Unavailable, code="NOT_REPLICATED"):
    """The database reads, but its standby does not confirm what is written."""


def code_of(error: KalendsError) -> str:
    """The error's code as the API shows it."""
    return error.refusal if isinstance(error, Refused) else error.code


def details_as_json(error: KalendsError) -> list[dict[str, Any]]:
    """The details as plain values, without what is empty."""
    details = [{"field": d.field, "message": d.message, "code": d.code} for d in error.details]
    return [{name: v for name, v in detail.items() if v is not None} for detail in details]
