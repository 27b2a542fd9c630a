"""The errors of the domain, each with its public code. `web/http/errors.py` maps them to HTTP
statuses."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

from kalends.domain.faults import Fault
from kalends.domain.ids import NOUNS


class Detail(NamedTuple):
    """What is wrong with one field, or which rule refuses. `code` is public; pages use `fault` to
    say it in their own words."""

    field: str
    message: str
    code: str | None = None
    fault: Fault | None = None


class KalendsError(Exception):
    """The base of all expected errors: a message that a person can act on, a code, and details."""

    code: ClassVar[str] = "INTERNAL"

    def __init_subclass__(cls, code: str | None = None) -> None:
        if code is not None:
            cls.code = code

    def __init__(self, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class Invalid(KalendsError, code="VALIDATION_ERROR"):
    """A value does not have the documented form."""

    @classmethod
    def field(cls, field: str, message: str, fault: Fault | None = None) -> "Invalid":
        if not field:
            return cls(message)
        return cls(f"{field}: {message}", [Detail(field, message, fault=fault)])


class NotSaved(Invalid):
    """A form is valid, but only shown again with what was typed: somebody still has to save it."""

    def __init__(self) -> None:
        super().__init__("This is not saved yet.")


class BadRequest(KalendsError, code="BAD_REQUEST"):
    """The request is not valid HTTP."""


class NotJson(KalendsError, code="INVALID_JSON"): ...


class TooSlow(KalendsError, code="REQUEST_TIMEOUT"):
    """The request did not arrive completely in time."""


class TooLarge(KalendsError, code="BODY_TOO_LARGE"): ...


class HeadersTooLarge(KalendsError, code="HEADERS_TOO_LARGE"): ...


class Unauthorized(KalendsError, code="UNAUTHORIZED"): ...


class Forbidden(KalendsError, code="FORBIDDEN"): ...


class FormOutdated(Forbidden):
    """A form is of another session than the one that it was sent in."""


class NeedsAdmin(Forbidden):
    """Only owners and admins of the organization may do this."""


class NotFound(KalendsError, code="NOT_FOUND"):
    @classmethod
    def with_id(cls, prefix: str, public_id: str) -> "NotFound":
        """The error for an id that was not found; its prefix tells the noun."""
        return cls(f"There is no {NOUNS[prefix]} {public_id!r} in this organization.")


class MethodNotAllowed(KalendsError, code="METHOD_NOT_ALLOWED"): ...


class RateLimited(KalendsError, code="RATE_LIMITED"):
    """Too many requests; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Stale(KalendsError, code="STALE"):
    """`If-Match` names another version than the current one."""


class SlotTaken(KalendsError, code="SLOT_TAKEN"): ...


class Refused(KalendsError):
    """A rule of availability refuses the time. The error has the code of the first such rule."""

    def __init__(self, code: str, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message, details)
        self.refusal = code


class Inactive(KalendsError, code="INACTIVE"): ...


class BrokenZone(KalendsError, code="BROKEN_ZONE"):
    """A stored row has a time zone that does not exist; the message names the row."""


class InvalidTransition(KalendsError, code="INVALID_STATUS_TRANSITION"): ...


class NotReschedulable(KalendsError, code="NOT_RESCHEDULABLE"): ...


class TooLateToChange(KalendsError, code="TOO_LATE_TO_CHANGE"):
    """The notice period has begun: the attendee's link cannot change the booking any more."""


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
    """A source of bookings cannot be used. Each provider has subclasses of its own, since their
    codes are part of the API."""


class CalcomNotConfigured(SourceError, code="CALCOM_NOT_CONFIGURED"): ...


class CalcomKeyRefused(SourceError, code="CALCOM_KEY_REFUSED"): ...


class CalcomUnsupported(SourceError, code="CALCOM_UNSUPPORTED"):
    """The server there does not speak the version of the API that Kalends uses."""


class CalcomUnavailable(SourceError, code="CALCOM_UNAVAILABLE"): ...


SOURCE_ERRORS: Final[tuple[type[SourceError], ...]] = (
    CalcomNotConfigured,
    CalcomKeyRefused,
    CalcomUnsupported,
    CalcomUnavailable,
)
"""All errors of sources; a failed run stores the code of one."""


class CalendarCredentialsRefused(KalendsError, code="CALENDAR_CREDENTIALS_REFUSED"):
    """The server of a calendar account does not accept the credentials."""


class CalendarUnreachable(KalendsError, code="CALENDAR_UNREACHABLE"):
    """The server of a calendar account gave no usable answer."""


class Unavailable(KalendsError, code="UNAVAILABLE"):
    """The database does not answer, or is starting; `retry_after` is in seconds."""

    retry_after = 2


class NotReplicated(Unavailable, code="NOT_REPLICATED"):
    """The database answers reads, but its standby does not confirm writes."""


def code_of(error: KalendsError) -> str:
    """The error's code as the API shows it."""
    return error.refusal if isinstance(error, Refused) else error.code


def details_as_json(error: KalendsError) -> list[dict[str, Any]]:
    """The details as JSON values, without fields that are None and without faults."""
    details = [{"field": d.field, "message": d.message, "code": d.code} for d in error.details]
    return [{name: v for name, v in detail.items() if v is not None} for detail in details]
