"""The attendee's language, kept on the booking.

Locks: `bookings` is locked for the moment that a nullable column takes (no rewrite, at most two
seconds of waiting at a time). A server of the version before neither reads nor writes it: what it
books meanwhile has no language, as what was booked before.
"""

from kalends.store.migrations.plain import execute_briefly, outside_transaction

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with outside_transaction():
        # A language tag (BCP 47) in its canonical form.
        execute_briefly("ALTER TABLE bookings ADD COLUMN IF NOT EXISTS attendee_locale text")
