"""Who may do what: organizations, API keys and their scopes, users and their roles."""

import hashlib
import secrets
import zlib
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.ids import ALPHABET, base62

RANDOM_LENGTH: Final = 58
CHECKSUM_LENGTH: Final = 6
MOST_NOTIFY_EMAILS: Final = 10


class Mode(StrEnum):
    LIVE = "live"
    TEST = "test"


class Organization(Struct, frozen=True, kw_only=True):
    """A tenant.

    `twin_id` links a live organization and its sandbox. `country` None takes the country of the
    zone; `locale` is the language (BCP 47) for readers whose own is unknown. `staff_may_edit_hours`
    is whether the role staff may change the hours of its own schedules. Mail about bookings goes to
    `notify_emails`; the first is stored in a column of its own, which is all that servers of the
    previous release read.
    """

    id: UUID
    name: str
    slug: str
    timezone: str
    notify_email: str | None
    mode: Mode
    twin_id: UUID | None
    created_at: datetime
    updated_at: datetime
    country: str | None = None
    locale: str | None = None
    staff_may_edit_hours: bool = True
    more_notify_emails: list[str] = []
    # `#rrggbb` in lower case; None is the color of Kalends.
    accent_color: str | None = None
    website: str | None = None
    # Origins to which people may be redirected: `https://host` or `https://host:port`.
    return_origins: list[str] = []
    # The name of a picture.
    logo: str | None = None
    version: int = 1

    @property
    def notify_emails(self) -> list[str]:
        return [e for e in (self.notify_email, *self.more_notify_emails) if e is not None]


class ApiKey(Struct, frozen=True, kw_only=True):
    """A stored API key; of its secret only the SHA-256 is kept. `rate_limited` False lifts the rate
    limits."""

    id: UUID
    organization_id: UUID
    mode: Mode
    name: str | None
    scopes: list[str]
    last_four: str
    rate_limited: bool
    created_at: datetime
    expires_at: datetime | None

    @property
    def display_name(self) -> str:
        """The key's name for people, else the end of its secret."""
        return self.name or f"…{self.last_four}"


class User(Struct, frozen=True, kw_only=True):
    """Somebody who signs in. An e-mail address belongs to one user of the installation. `locale` is
    the user's language (BCP 47) and `timezone` the user's zone (IANA), if the user has chosen one.
    """

    id: UUID
    email: str
    created_at: datetime
    locale: str | None = None
    timezone: str | None = None


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    # Sees and changes only what is on the user's own schedules.
    STAFF = "staff"


ADMINS: Final = frozenset({Role.OWNER, Role.ADMIN})


class Membership(Struct, frozen=True, kw_only=True):
    organization_id: UUID
    name: str
    slug: str
    mode: Mode
    role: Role


class Member(Struct, frozen=True, kw_only=True):
    """A user as a member of an organization. Without a password, the user has not accepted the
    invitation yet. `photo` is the first photo among the user's schedules; only lists have it."""

    user_id: UUID
    email: str
    role: Role
    has_password: bool
    photo: str | None = None


class ListedUser(Struct, frozen=True, kw_only=True):
    """A member with the member's schedules. `last_seen_at` is the start of the latest sign-in
    session that has not ended; None without one."""

    id: UUID
    email: str
    role: Role
    schedule_ids: list[UUID]
    created_at: datetime
    last_seen_at: datetime | None = None


class OwnThings(Struct, frozen=True):
    """An organization, the schedules in it that belong to a user (the latest thousand at most), and
    the numbers of open calendar findings, of all and of the user's own, counted up to a hundred."""

    organization: Organization
    schedule_ids: frozenset[UUID]
    findings_total: int
    own_findings_total: int


def new_key(mode: Mode) -> str:
    """A new secret key: `wk_live_` or `wk_test_`, 58 random characters, six of checksum."""
    head = f"wk_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return head + _checksum(head)


def is_well_formed(key: str) -> bool:
    """Whether the text can be a key at all, by its prefix, length and checksum."""
    if not key.startswith(("wk_live_", "wk_test_")):
        return False
    if len(key) != len("wk_live_") + RANDOM_LENGTH + CHECKSUM_LENGTH or not key.isascii():
        return False
    return _checksum(key[:-CHECKSUM_LENGTH]) == key[-CHECKSUM_LENGTH:]


def hash_of(secret: str) -> bytes:
    """The SHA-256 under which a secret is stored. That is safe for long random secrets only."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(head: str) -> str:
    return base62(zlib.crc32(head.encode()), CHECKSUM_LENGTH)
