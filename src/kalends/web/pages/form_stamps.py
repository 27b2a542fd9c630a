"""Form stamps, which prove without a session that a form is ours, and for which user it was made.

Only we can seal a stamp, and only pages of its user contain it. Another site can neither make nor
read one, so a form that it sends in a user's name has no stamp of that user.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from kalends.runtime.sealing import Seal, SealBroken

STAMP_PURPOSE: Final = "form stamp"
# Twice as long as a session: a page may be opened at the end of one, and be sent after a holiday.
STAMP_FOR: Final = timedelta(days=28)
_TIME_BYTES: Final = 8
_HEX_DIGITS: Final = 32


def form_stamp(seal: Seal, user_id: UUID, now: datetime) -> str:
    """A stamp for the user; it looks different each time."""
    made_at = int(now.timestamp()).to_bytes(_TIME_BYTES)
    return urlsafe_b64encode(seal.close(user_id.bytes + made_at, STAMP_PURPOSE)).decode()


def stamped_user(seal: Seal, stamp: str, now: datetime) -> UUID | None:
    """The user for whom we made the form; None if we did not make it, or too long ago."""
    try:
        plain = seal.open(urlsafe_b64decode(stamp.encode()), STAMP_PURPOSE)
    except (NotBase64, ValueError, SealBroken):
        return None
    made_at = datetime.fromtimestamp(int.from_bytes(plain[-_TIME_BYTES:]), UTC)
    return UUID(bytes=plain[:-_TIME_BYTES]) if now - made_at <= STAMP_FOR else None


class FormToken(NamedTuple):
    """The parts of the token in a form: the token of its session (`safety.form_token`), the stamp,
    and the id of the unsent form that its page shows again, if it does."""

    of_session: str
    stamp: str = ""
    unsent_id: UUID | None = None

    @property
    def text(self) -> str:
        parts = (self.of_session, self.stamp, self.unsent_id.hex if self.unsent_id else "")
        return ".".join(parts).rstrip(".")

    @classmethod
    def read(cls, text: str) -> "FormToken":
        of_session, _, rest = text.partition(".")
        stamp, _, unsent = rest.partition(".")
        return cls(of_session, stamp, uuid_in(unsent))


def uuid_in(text: str) -> UUID | None:
    """The text as a UUID; None if it is not one."""
    try:
        return UUID(text) if len(text) == _HEX_DIGITS else None
    except ValueError:
        return None
