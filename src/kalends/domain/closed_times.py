"""A time that is closed to bookings: what busy times and absences have in common."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode

LONGEST: Final = timedelta(days=5 * 366)


class ClosedTime(Struct, frozen=True, kw_only=True):
    """From when to when, and why; attendees do not read the reason."""

    start_time: datetime
    end_time: datetime
    reason: str | None = None

    def check(self) -> None:
        """Raises Invalid for one that ends too early, or lasts too long."""
        if self.end_time <= self.start_time:
            fault = Fault(FaultCode.NOT_AFTER_START)
            raise Invalid.field("end_time", "must be after start_time", fault)
        if self.end_time - self.start_time > LONGEST:
            fault = Fault(FaultCode.TOO_FAR_AFTER_START, str(LONGEST.days))
            message = f"must be at most {LONGEST.days} days after start_time"
            raise Invalid.field("end_time", message, fault)
