"""How errors look in HTTP: the status of each error code, and the body and headers of all."""

from typing import Any, Final

from msgspec import json

from kalends.domain.errors import (
    KalendsError,
    KeyInUse,
    RateLimited,
    TooLarge,
    TooSlow,
    Unavailable,
    code_of,
    details_as_json,
)

HTTP_STATUS: Final = {
    "BAD_REQUEST": 400,
    "INVALID_JSON": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "SLOT_TAKEN": 409,
    "INVALID_STATUS_TRANSITION": 409,
    "NOT_RESCHEDULABLE": 409,
    "IN_USE": 409,
    "BROKEN_ZONE": 409,
    "SLUG_TAKEN": 409,
    "HOLD_EXPIRED": 409,
    "IDEMPOTENCY_KEY_IN_USE": 409,
    "CALCOM_NOT_CONFIGURED": 409,
    "CALCOM_KEY_REFUSED": 409,
    "STALE": 412,
    "BODY_TOO_LARGE": 413,
    "VALIDATION_ERROR": 422,
    "TOO_SHORT_NOTICE": 422,
    "TOO_FAR_AHEAD": 422,
    "OUTSIDE_AVAILABILITY": 422,
    "NOT_A_SLOT": 422,
    "BUSY": 422,
    "CALENDAR_UNKNOWN": 422,
    "CALENDAR_CREDENTIALS_REFUSED": 409,
    "CALENDAR_UNREACHABLE": 502,
    "LIMIT_REACHED": 422,
    "INACTIVE": 422,
    "TOO_LATE_TO_CHANGE": 422,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "RATE_LIMITED": 429,
    "HEADERS_TOO_LARGE": 431,
    "INTERNAL": 500,
    "CALCOM_UNSUPPORTED": 502,
    "CALCOM_UNAVAILABLE": 502,
    "UNAVAILABLE": 503,
    "NOT_REPLICATED": 503,
}


def status_of(error: KalendsError) -> int:
    return HTTP_STATUS[code_of(error)]


def error_body(error: KalendsError, request_id: str) -> bytes:
    """`{"error", "code", "request_id"}`, with `details` and `retry_after` where there are any."""
    body: dict[str, Any] = {
        "error": error.message,
        "code": code_of(error),
        "request_id": request_id,
    }
    if error.details:
        body["details"] = details_as_json(error)
    if isinstance(error, RateLimited):
        body["retry_after"] = error.retry_after
    return json.encode(body)


def error_headers(error: KalendsError) -> dict[str, str]:
    if isinstance(error, RateLimited | Unavailable | KeyInUse):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, TooLarge | TooSlow):  # the rest of the request will not be read
        return {"connection": "close"}
    if code_of(error) == "UNAUTHORIZED":
        return {"www-authenticate": 'Bearer realm="kalends"'}
    return {}
