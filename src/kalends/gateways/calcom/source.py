"""Cal.com as a source of bookings: implements `BookingSource`."""

import hashlib
import hmac
import json as lenient_json
from typing import Any

from kalends.domain.errors import (
    CalcomKeyRefused,
    CalcomNotConfigured,
    CalcomUnavailable,
    CalcomUnsupported,
    KalendsError,
)
from kalends.domain.gateways import Http
from kalends.domain.imports.rows import SourceRow, UnreadableRow
from kalends.domain.imports.sources import (
    AccountKey,
    KeyRefused,
    KeyUnreadable,
    NoAnswer,
    NotConnected,
    SourceAccount,
    SourceFailure,
    Unsupported,
)
from kalends.formats.calcom import DEFAULT_BASE_URL
from kalends.formats.lenient_json import clean
from kalends.gateways.calcom.client import CalcomAccount
from kalends.gateways.calcom.rows import read_row, uid_in


class CalcomSource:
    """Cal.com over `http`; a run fails once Cal.com has not answered for so long."""

    default_base_url = DEFAULT_BASE_URL

    def __init__(self, http: Http, give_up_after_seconds: float) -> None:
        self._http = http
        self.give_up_after_seconds = give_up_after_seconds

    def open_account(self, key: AccountKey) -> SourceAccount:
        return CalcomAccount(self._http, key)

    def read_row(self, value: object) -> SourceRow | UnreadableRow:
        return read_row(value)

    def is_signed(self, body: bytes, signature: str, secret: bytes) -> bool:
        """Whether it is the hex HMAC-SHA256 of the raw body; they are compared in constant time."""
        expected_hex = hmac.new(secret, body, hashlib.sha256).hexdigest()
        signature_hex = signature.strip().lower().encode("utf-8", "replace")
        return hmac.compare_digest(expected_hex.encode(), signature_hex)

    def uid_in_hook(self, body: bytes) -> str | None:
        """The uid of the booking in a hook: most have it in `payload`, some at the top level."""
        try:
            value: Any = clean(lenient_json.loads(body))
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        return uid_in(value.get("payload")) or uid_in(value)

    def error_of(self, failure: SourceFailure) -> KalendsError:
        match failure:
            case NotConnected():
                return CalcomNotConfigured(
                    "Cal.com is not connected. PUT /api/integrations/calcom "
                    "or `kalends calcom connect` connects it."
                )
            case KeyUnreadable():
                return CalcomNotConfigured(
                    "The key for Cal.com was stored under another KALENDS_SECRET. Connect it again."
                )
            case KeyRefused():
                return CalcomKeyRefused(
                    "Cal.com refuses the API key. Connect it again with another one."
                )
            case Unsupported(reason):
                return CalcomUnsupported(reason)
            case NoAnswer(reason):
                return CalcomUnavailable(f"Cal.com cannot be reached: {reason}.")
