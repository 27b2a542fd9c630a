"""The JSON encoder of all API answers."""

from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Raw, json

from kalends.domain.language_tags import LanguageTag
from kalends.domain.values import Day, Email, Instant


def _plain(value: Any) -> Any:
    """The built-in value of a parsed type of ours, as msgspec encodes only built-in types."""
    if isinstance(value, Instant):
        return datetime.fromtimestamp(value.timestamp(), UTC)
    if isinstance(value, Day):
        return date(value.year, value.month, value.day)
    if isinstance(value, Email | LanguageTag):
        return str(value)
    raise NotImplementedError(type(value))


ENCODER: Final = json.Encoder(enc_hook=_plain)


def encode(value: Any) -> bytes:
    """The value as JSON; instants are in UTC with `Z`."""
    return ENCODER.encode(value)


def encode_raw(value: Any) -> Raw:
    return Raw(ENCODER.encode(value))
