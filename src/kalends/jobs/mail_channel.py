"""The mail channel: all mail goes to one server, which has one cap and one health.

A failure of the server counts no try of any mail: the mail waits with all others until the server
is tried again.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.domain.gateways import Deferred, MailAnswer, Posted, Rejected, ServerFailed
from kalends.jobs.leases import LeaseOver, while_leased
from kalends.runtime.mails import sending as mail_sending
from kalends.runtime.mails.sending import ReadyMail
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import Caps, Leased, Postponed
from kalends.store.outbox.mail_lanes import DueMail, MailOutcome
from kalends.store.outbox.recording import Recorded

log = structlog.get_logger("kalends.mail")

# As many mails at once as the transport has connections; few while the server fails.
SERVER_CAPS: Final = Caps(working=10, failing=2)
# A mail that waits longer for a place is postponed: another process may have places.
WAITS_FOR_PLACE: Final = timedelta(seconds=15)
DATABASE_PAUSE: Final = timedelta(seconds=1)
NOT_HANDED_OVER: Final = Deferred("it could not be handed over; the log says why")


class MailChannel:
    """See `Channel`."""

    # More mails are leased and written than are sent at once, so that one statement serves many.
    most: int = 4 * SERVER_CAPS.working
    least_room: int = SERVER_CAPS.working
    halves: bool = False
    lease: timedelta = mail_sending.MAIL_LEASE
    needs: timedelta = timedelta(0)

    def __init__(self, context: Context) -> None:
        self._context = context
        self._places = asyncio.Semaphore(SERVER_CAPS.working)
        self._left_alone_until = 0.0
        self._is_failing = False

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[DueMail], taken: int
    ) -> Leased:
        if (left_alone := self._left_alone_until - monotonic()) > 0:
            return Leased([], is_all=True, again_after=left_alone)
        room_failing = max(min(room, SERVER_CAPS.failing - taken), 0)
        if self._is_failing and not room_failing:
            return Leased([], is_all=False)
        lanes = await mail_sending.lease_due_mails(
            self._context, organization_id, room, room_failing
        )
        self._is_failing = any(lane.failing_since is not None for lane in lanes)
        return Leased(lanes, is_all=len(lanes) < (room_failing if self._is_failing else room))

    def in_batches(self, lanes: Sequence[DueMail]) -> Iterable[Sequence[DueMail]]:
        return [lanes] if lanes else []

    async def deliver(
        self, lanes: Sequence[DueMail], settle: Callable[[MailOutcome | Postponed], None]
    ) -> None:
        """Writes the messages of a batch and hands them over, several at once. If the database does
        not answer, all are postponed."""
        try:
            prepared = await mail_sending.prepare_mails(self._context, lanes)
        except Unavailable as error:
            log.warning("mails wait for the database", mails=len(lanes), error=repr(error))
            for lane in lanes:
                settle(Postponed(lane, DATABASE_PAUSE))
            return
        for mail in prepared:
            if not isinstance(mail, ReadyMail):
                settle(mail)
        if self._is_failing and self._context.gateways.mail_transport is None:
            await self._go_on()
        ready = [mail for mail in prepared if isinstance(mail, ReadyMail)]
        wait_until = monotonic() + WAITS_FOR_PLACE.total_seconds()
        sending = (self._send(mail, wait_until, settle) for mail in ready)
        # An error in one must not cancel another, which the server may be receiving.
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def record(self, organization_id: UUID, outcomes: Sequence[MailOutcome]) -> Recorded:
        return await mail_sending.record_mails(self._context, organization_id, outcomes)

    def note_health(self, outcomes: Sequence[MailOutcome]) -> None:
        """Does nothing: the health of the server is recorded with each answer."""

    async def stop(self) -> None:
        """Does nothing: the channel has no background tasks."""

    async def _send(
        self,
        ready: ReadyMail,
        wait_until: float,
        settle: Callable[[MailOutcome | Postponed], None],
    ) -> None:
        """Hands over one mail as soon as there is a place. Postpones it if that takes too long, the
        lease is over, or the server fails."""
        async with self._places:
            began = monotonic()
            if began > wait_until or began < self._left_alone_until:
                settle(Postponed(ready.lane))
                return
            try:
                answer = await while_leased(ready.lane.lease, self._hand_over(ready))
            except LeaseOver:
                log.warning("a mail was broken off as its lease could not be renewed")
                settle(Postponed(ready.lane))
                return
        if isinstance(answer, ServerFailed):
            self._is_failing = True
            await self._leave_alone(answer)
            settle(Postponed(ready.lane))
            return
        if isinstance(answer, Posted | Rejected) and ready.lane.failing_since is not None:
            await self._go_on()
        settle(mail_sending.outcome_of(self._context, ready, answer, began))

    async def _hand_over(self, ready: ReadyMail) -> MailAnswer:
        try:
            return await mail_sending.send_mail(self._context, ready)
        except Exception:
            # Count it as a failed try, so that the mail is given up at last and others go on.
            log.exception("a mail could not be handed over", mail=str(ready.lane.delivery_id))
            return NOT_HANDED_OVER

    async def _leave_alone(self, failure: ServerFailed) -> None:
        """Pauses sending in all processes: the pause is recorded before the lane is released."""
        pause, now = mail_sending.SERVER_PAUSE, monotonic()
        try:
            pause = await mail_sending.record_server_failure(self._context, failure)
        except Unavailable as error:
            log.warning("a failure of the mail server was not noted", error=repr(error))
        self._left_alone_until = now + pause.total_seconds()

    async def _go_on(self) -> None:
        self._left_alone_until = 0.0
        self._is_failing = False
        try:
            await mail_sending.record_server_success(self._context)
        except Unavailable as error:
            log.warning("the mail server works, which was not noted", error=repr(error))
