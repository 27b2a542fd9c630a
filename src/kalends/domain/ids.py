"""Ids: stored as UUIDv7 (RFC 9562 5.7), in public a prefix and 22 base-62 characters.

The characters are in ASCII order and of fixed length, so public ids sort by creation as UUIDs do.
"""

import secrets
import string
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

BOOKING: Final = "bk"
SCHEDULE: Final = "sch"
EVENT_TYPE: Final = "evt"
ORGANIZATION: Final = "org"
BUSY_TIME: Final = "busy"
API_KEY: Final = "key"
USER: Final = "usr"
EVENT: Final = "wh_evt"
HOLD: Final = "hld"
ENDPOINT: Final = "whe"
DELIVERY: Final = "whd"
MAIL: Final = "mail"
INTEGRATION: Final = "int"
RUN: Final = "run"
CALENDAR_CONNECTION: Final = "ccn"
CALENDAR: Final = "cal"
CALENDAR_EVENT: Final = "cev"
ABSENCE: Final = "abs"
CALENDAR_SYNC: Final = "csr"
SESSION: Final = "ses"
CALENDAR_FINDING: Final = "cfd"
MESSAGE_TEMPLATE: Final = "mtp"
# The noun for ids with each prefix, in messages to people.
NOUNS: Final = {
    BOOKING: "booking",
    SCHEDULE: "schedule",
    EVENT_TYPE: "event type",
    ORGANIZATION: "organization",
    BUSY_TIME: "busy time",
    API_KEY: "API key",
    USER: "user",
    HOLD: "hold",
    ENDPOINT: "webhook",
    DELIVERY: "delivery",
    MAIL: "mail",
    RUN: "run",
    CALENDAR_CONNECTION: "calendar connection",
    CALENDAR: "calendar",
    CALENDAR_EVENT: "event of a calendar",
    ABSENCE: "absence",
    CALENDAR_SYNC: "sync",
    SESSION: "session",
    CALENDAR_FINDING: "finding",
    MESSAGE_TEMPLATE: "message template",
}

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH: Final = 22
_PAIRS: Final = [first + second for first in ALPHABET for second in ALPHABET]
_VALUE_OF_PAIR: Final = {pair: value for value, pair in enumerate(_PAIRS)}
RANDOM_BITS: Final = 74
STEP_BITS: Final = 48
_latest = 0, 0


def new_id(now_ms: int | None = None) -> UUID:
    """A new UUIDv7; `now_ms` is Unix time in milliseconds. Within one millisecond the ids of a
    process ascend (RFC 9562 6.2, method 2), so that lists keep the order of creation."""
    global _latest
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    latest_stamp, latest_random = _latest
    if stamp == latest_stamp:
        random = latest_random + 1 + secrets.randbits(STEP_BITS)
    else:
        random = secrets.randbits(RANDOM_BITS - 1)  # the top bit is room for the ids that follow
    _latest = stamp, random
    high = (stamp << 16) | 0x7000 | (random >> 62)
    low = (0b10 << 62) | (random & ((1 << 62) - 1))
    return UUID(int=(high << 64) | low)


def time_of_id(uuid: UUID) -> datetime:
    """When an id of `new_id` was made, to the millisecond."""
    return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)


def first_id_at(moment: datetime) -> UUID:
    """A lower bound for ids: not above any id that `new_id` makes from `moment` on, and above all
    earlier ones."""
    return UUID(int=round(moment.timestamp() * 1000) << 80)


@lru_cache(maxsize=8_192)  # 3 MB
def encode_id(prefix: str, uuid: UUID) -> str:
    """The public id, such as `bk_01…`."""
    return f"{prefix}_{base62(uuid.int)}"


def encode_id_or_none(prefix: str, uuid: UUID | None) -> str | None:
    return None if uuid is None else encode_id(prefix, uuid)


def base62(number: int, length: int = LENGTH) -> str:
    """`number` in base 62, padded with zeros to `length`, which is even."""
    pairs = []
    for _ in range(length // 2):
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


def decode_id(prefix: str, text: str) -> UUID | None:
    """The UUID of a public id; None if the text cannot be an id with this prefix."""
    head = prefix + "_"
    if len(text) != len(head) + LENGTH or not text.startswith(head):
        return None
    number = 0
    try:
        for at in range(len(head), len(text), 2):
            number = number * 3844 + _VALUE_OF_PAIR[text[at : at + 2]]
    except KeyError:
        return None
    return UUID(int=number) if number < 1 << 128 else None
