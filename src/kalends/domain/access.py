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
    """A tenant. `twin_id` joins a live organization and its sandbox. `country` is null where its
    zone decides; `locale` is the language (BCP 47) of readers of whom none is known.
    `staff_may_edit_hours` is whether those who see their own schedules alone set their hours.
    Mail about bookings goes to `notify_emails`: the first is kept by itself, as servers of the
    release before know no more."""

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
    # `#rrggbb`, in lower case; null is ours.
    accent_color: str | None = None
    website: str | None = None
    # Where people may be sent back to, each as `https://host` or `https://host:port`.
    return_origins: list[str] = []
    # The name of a picture.
    logo: str | None = None
    version: int = 1

    @property
    def notify_emails(self) -> list[str]:
        return [e for e in (self.notify_email, *self.more_notify_emails) if e is not None]


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key as it is stored: only its SHA-256 is kept. `rate_limited` False lifts the limits."""

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
        """What people know it by: its name, else the end of the key."""
        return self.name or f"…{self.last_four}"


class User(Struct, frozen=True, kw_only=True):
    """Somebody who signs in; one e-mail address is one user of the installation. `locale` is the
    language (BCP 47) that the user reads, `timezone` the user's zone (IANA); None where the user
    has chosen none."""

    id: UUID
    email: str
    created_at: datetime
    locale: str | None = None
    timezone: str | None = None


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    # Sees and changes what is on the own schedules.
    STAFF = "staff"


ADMINS: Final = frozenset({Role.OWNER, Role.ADMIN})


class Membership(Struct, frozen=True, kw_only=True):
    organization_id: UUID
    name: str
    slug: str
    mode: Mode
    role: Role


class Member(Struct, frozen=True, kw_only=True):
    """A user as an organization sees it. Without a password, an invitation was not taken yet.
    `photo` is that of the first of the user's schedules that has one, where members are listed."""

    user_id: UUID
    email: str
    role: Role
    has_password: bool
    photo: str | None = None


class ListedUser(Struct, frozen=True, kw_only=True):
    """A member with the schedules that are the member's. `last_seen_at` is when the latest sign-in
    session began that has not ended; None without one."""

    id: UUID
    email: str
    role: Role
    schedule_ids: list[UUID]
    created_at: datetime
    last_seen_at: datetime | None = None


class OwnThings(Struct, frozen=True):
    """An organization; the schedules in it that are a user's (of more than a thousand the latest);
    and how many findings of calendars are open, of all and of the user's, up to a hundred."""

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
    """The SHA-256 under which a secret of full entropy is stored."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(head: str) -> str:
    return base62(zlib.crc32(head.encode()), CHECKSUM_LENGTH)
