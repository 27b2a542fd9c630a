"""Describes the errors: which codes a call may answer, and examples of each."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final, NamedTuple

from kalends.web.http.errors import HTTP_STATUS
from kalends.web.http.routes import Access, Route
from kalends.web.openapi.schemas import REF, Schemas, object_schema

Schema = dict[str, Any]


class Problem(NamedTuple):
    """When a code is answered, an example of its sentence, and the field that it is about."""

    when: str
    sentence: str
    field: str | None = None


PROBLEMS: Final[dict[str, Problem]] = {
    "BAD_REQUEST": Problem("The request is not valid HTTP.", "Invalid HTTP request received."),
    "INVALID_JSON": Problem(
        "The body is not JSON, or nested deeper than 32.", "The body is not JSON (in UTF-8)."
    ),
    "UNAUTHORIZED": Problem(
        "No key or session, or one that is not, or no longer, valid.",
        "This call needs an API key: Authorization: Bearer wk_live_…",
    ),
    "FORBIDDEN": Problem(
        "The key lacks the scope, or the change comes from another site's page.",
        "This key lacks the scope bookings:write.",
    ),
    "NOT_FOUND": Problem(
        "No such path or thing in this organization, in the path or in the body.",
        "There is no booking 'bk_abc123' in this organization.",
    ),
    "METHOD_NOT_ALLOWED": Problem(
        "The path has no such method; `Allow` names those it has.",
        "PUT is not a method of this path.",
    ),
    "SLOT_TAKEN": Problem(
        "The time is taken on that schedule.", "This time is taken on this schedule."
    ),
    "INVALID_STATUS_TRANSITION": Problem(
        "The booking cannot change to that status.",
        "A booking that is CANCELLED cannot become CONFIRMED; that status is final.",
    ),
    "NOT_RESCHEDULABLE": Problem(
        "Only PENDING and CONFIRMED bookings can be moved.",
        "This booking is COMPLETED; only PENDING and CONFIRMED bookings can be moved.",
    ),
    "IN_USE": Problem(
        "Something else still uses it.", "Bookings that have not ended use this schedule."
    ),
    "BROKEN_ZONE": Problem(
        "Something stored has a time zone that does not exist (it was changed by hand, or new "
        "time-zone data has dropped it). The request is fine; the sentence names what to repair.",
        "The time zone of the schedule sch_abc123 is 'Nowhere/Land', which does not exist. "
        "Set one such as Europe/Berlin.",
    ),
    "SLUG_TAKEN": Problem("Another one has this slug.", "The slug 'intro' is taken.", "slug"),
    "HOLD_EXPIRED": Problem("The hold has ended.", "This hold has ended."),
    "IDEMPOTENCY_KEY_IN_USE": Problem(
        "The first request with this Idempotency-Key still runs; `Retry-After` says when to try "
        "again.",
        "A request with this Idempotency-Key is still running. Try again shortly.",
    ),
    "CALCOM_NOT_CONFIGURED": Problem(
        "The organization has no connection to Cal.com.", "Cal.com is not connected."
    ),
    "CALCOM_KEY_REFUSED": Problem(
        "Cal.com does not accept the key.", "Cal.com refuses the API key. Connect it again."
    ),
    "STALE": Problem(
        "`If-Match` names a version that is not the current one.",
        "This is not the current version. Read it again.",
    ),
    "REQUEST_TIMEOUT": Problem(
        "The headers did not arrive within 10 s, or the body paused for 10 s or did not arrive "
        "within 60 s; the connection is closed.",
        "The body has not gone on for 10 s.",
    ),
    "BODY_TOO_LARGE": Problem(
        "The body is larger than 1 MB; the connection is closed.",
        "The body is larger than 1000000 bytes.",
    ),
    "VALIDATION_ERROR": Problem(
        "A field or parameter is invalid; `details` names it.",
        "attendee.email: must be an e-mail address, such as john@example.com",
        "attendee.email",
    ),
    "TOO_SHORT_NOTICE": Problem(
        "It starts sooner than the minimum notice allows.", "This time is too soon.", "start_time"
    ),
    "TOO_FAR_AHEAD": Problem(
        "It starts later than can be booked now.", "This time is too far ahead.", "start_time"
    ),
    "OUTSIDE_AVAILABILITY": Problem(
        "The schedule is not open at that time.", "The schedule is closed then.", "start_time"
    ),
    "NOT_A_SLOT": Problem(
        "The start is not on the event type's grid, or the duration is another.",
        "No slot begins then.",
        "start_time",
    ),
    "BUSY": Problem(
        "The schedule has a busy time then, or a calendar that it reads is busy.",
        "The schedule is busy.",
        "start_time",
    ),
    "CALENDAR_UNKNOWN": Problem(
        "A calendar that the schedule reads is not known that far ahead, or not known yet. This "
        "does not apply to bookings made directly on a schedule.",
        "The calendars of Room 1 have not been read.",
        "start_time",
    ),
    "CALENDAR_CREDENTIALS_REFUSED": Problem(
        "The server of the calendars does not accept the user name and password.",
        "The server does not accept the user name and password.",
    ),
    "CALENDAR_UNREACHABLE": Problem(
        "The server of the calendars did not answer in time.",
        "The server did not answer: no answer within 20 s.",
    ),
    "LIMIT_REACHED": Problem(
        "The limit of bookings is reached.", "There are 8 bookings that day already.", "start_time"
    ),
    "INACTIVE": Problem("The schedule or event type is not active.", "This is not active."),
    "TOO_LATE_TO_CHANGE": Problem(
        "The attendee's link can no longer change the booking: it has ended, or the notice of "
        "its event type has passed. This does not apply to API keys.",
        "This booking can no longer be changed here. Please get in touch with us.",
    ),
    "IDEMPOTENCY_KEY_REUSED": Problem(
        "This Idempotency-Key was used for a request with another body.",
        "This Idempotency-Key was used for a request with another body.",
    ),
    "RATE_LIMITED": Problem(
        "Too many requests; `retry_after` and `Retry-After` say when to come back.",
        "Too many requests. Try again in 12 s.",
    ),
    "HEADERS_TOO_LARGE": Problem(
        "The headers are larger than 64 kB; the connection is closed.",
        "The headers exceed 64000 bytes.",
    ),
    "INTERNAL": Problem(
        "Something went wrong in the server; the log has the details.",
        "Something went wrong on our side. The log has it under this request_id.",
    ),
    "CALCOM_UNSUPPORTED": Problem(
        "Cal.com answers in an unknown format.", "Cal.com speaks another version."
    ),
    "CALCOM_UNAVAILABLE": Problem("Cal.com cannot be reached.", "Cal.com cannot be reached."),
    "UNAVAILABLE": Problem(
        "The database is away, starting, or out of disk space; or there are too many connections.",
        "The database is not available. Try again shortly.",
    ),
    "NOT_REPLICATED": Problem(
        "The database's standby does not confirm changes; reads go on. Unless the sentence says "
        "that nothing was changed, send the request again with the same Idempotency-Key.",
        "Nothing was changed: the standby of the database does not answer.",
    ),
}

ERROR: Final = object_schema(
    {
        "error": {"type": "string", "description": "A sentence that a person can act on."},
        "code": {
            "type": "string",
            "description": "The code, for programs.",
            "enum": list(HTTP_STATUS),
        },
        "request_id": {
            "type": "string",
            "description": "The request's id, as in `X-Request-Id` and in the log.",
        },
        "details": {
            "type": "array",
            "description": "The fields at fault (at least the first), or every rule that refuses.",
            "items": {"$ref": REF + "ErrorDetail"},
        },
        "retry_after": {
            "type": "integer",
            "description": "After how many seconds to try again; with RATE_LIMITED.",
        },
    },
    required=("error", "code", "request_id"),
    title="Error",
    description="Every error has this shape, whatever went wrong.",
)
DETAIL: Final = object_schema(
    {
        "field": {"type": "string", "description": "Its path, such as `attendee.email`."},
        "message": {"type": "string", "description": "What is wrong with it."},
        "code": {
            "type": "string",
            "description": "The rule that refuses.",
            "enum": list(HTTP_STATUS),
        },
    },
    required=("field", "message"),
    title="ErrorDetail",
    description="What is wrong with one field, or which rule refuses.",
)
_OF_STATUS: Final = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
# The Retry-After of a status whose other codes do not have it.
_AFTER_THE_FIRST: Final = {
    "description": "With `IDEMPOTENCY_KEY_IN_USE`: after how many seconds to try again.",
    "schema": {"type": "integer", "minimum": 0},
    "example": 1,
}
RATE_LIMITS: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def codes_of(route: Route, schemas: Schemas) -> list[str]:
    """Every code that the call may answer."""
    once = route.idempotent_by_key
    names = "{" in route.path or (route.body is not None and schemas.names_things(route.body))
    rules: tuple[tuple[object, tuple[str, ...]], ...] = (
        (True, ("METHOD_NOT_ALLOWED", "INTERNAL", "UNAVAILABLE")),
        (route.method != "GET", ("NOT_REPLICATED",)),
        (route.body or once, ("REQUEST_TIMEOUT", "BODY_TOO_LARGE")),
        (route.body, ("INVALID_JSON",)),
        (route.body or route.query or route.takes_key, ("VALIDATION_ERROR",)),
        # Signing in is open to everyone, but may be refused.
        (route.access is not Access.OPEN or route.body, ("UNAUTHORIZED",)),
        (route.takes_key or route.method != "GET", ("FORBIDDEN",)),
        (route.takes_key, ("RATE_LIMITED",)),
        (names, ("NOT_FOUND",)),
        (once, ("IDEMPOTENCY_KEY_IN_USE", "IDEMPOTENCY_KEY_REUSED")),
        (route.if_match, ("STALE",)),
        (True, route.errors),
    )
    return list(dict.fromkeys(code for applies, codes in rules if applies for code in codes))


def error_responses(codes: Iterable[str], limits: Iterable[str] = ()) -> dict[str, Schema]:
    """The responses by status; `limits` are the headers of answers to rate-limited requests."""
    by_status = sorted(codes, key=lambda code: (HTTP_STATUS[code], list(HTTP_STATUS).index(code)))
    return {
        str(status): _response(status, list(group), limits)
        for status, group in groupby(by_status, key=HTTP_STATUS.__getitem__)
    }


def headers(names: Iterable[str]) -> dict[str, Schema]:
    """The headers of an answer, by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def table_of_codes() -> str:
    """All codes as a table of Markdown, for the guide."""
    lines = [f"| {HTTP_STATUS[code]} | `{code}` | {PROBLEMS[code].when} |" for code in HTTP_STATUS]
    return "\n".join(["| status | code | when |", "|---|---|---|", *lines])


def _response(status: int, codes: list[str], limits: Iterable[str]) -> Schema:
    # The key is checked before the request is counted, so a 401 has no rate-limit headers.
    counted = () if status == 401 else limits
    again = {"Retry-After": _AFTER_THE_FIRST} if "IDEMPOTENCY_KEY_IN_USE" in codes else {}
    schema = {"$ref": REF + "Error", "properties": {"code": {"enum": codes}}}
    return {
        "description": "\n".join(f"- `{code}`: {PROBLEMS[code].when}" for code in codes),
        "headers": headers(("X-Request-Id", *_OF_STATUS.get(status, ()), *counted)) | again,
        "content": {
            "application/json": {
                "schema": schema,
                "examples": {code: {"value": example_of(code)} for code in codes},
            }
        },
    }


def example_of(code: str) -> Schema:
    """An error with this code."""
    problem = PROBLEMS[code]
    error: Schema = {"error": problem.sentence, "code": code, "request_id": "1f0d3c5a9be24e77"}
    if problem.field:
        message = problem.sentence.removeprefix(f"{problem.field}: ")
        error["details"] = [{"field": problem.field, "message": message}]
    if code == "RATE_LIMITED":
        error["retry_after"] = 12
    return error
