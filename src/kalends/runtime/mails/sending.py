"""Sends mail: lease due lanes, write the messages, hand them to the mail server, record outcomes.

A message is written once and stored sealed, so that each try sends the same bytes under the same
Message-ID. The mail of a sandbox, and all mail where no mail server is set, stays in the
organization's mailbox. `jobs/dispatcher.py` runs these steps, and decides how many at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from msgspec import Raw, Struct

from kalends.domain.access import Mode
from kalends.domain.gateways import Deferred, MailAnswer, Posted, Rejected, ServerFailed
from kalends.domain.mail import MAIL_RETRY_AFTER, WAITS_FOR_SERVER, MailKind, MailState
from kalends.domain.outbox import DROPPED, DeliveryAttempt, next_try
from kalends.domain.webhook import State
from kalends.formats.cleaning import mail_address
from kalends.formats.encoding import encode_raw
from kalends.runtime.lanes import without_empty
from kalends.runtime.mails.writing import opened, write_messages
from kalends.runtime.sealing import SealBroken
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox import channel_health, mail_lanes
from kalends.store.outbox.lanes import Postponed
from kalends.store.outbox.mail_lanes import DueMail, MailOutcome
from kalends.store.outbox.recording import Recorded

log = structlog.get_logger("kalends.mail")

MAIL_CHANNEL: Final = "mail"
# Other workers take over the lanes of a killed one after this time; a longer try renews its lease.
MAIL_LEASE: Final = timedelta(seconds=24)
# After a failure of the server all mail waits for this long, doubled each time, up to the longest.
SERVER_PAUSE: Final = timedelta(seconds=5)
LONGEST_SERVER_PAUSE: Final = timedelta(minutes=5)
SHORTEST_SERVER_PAUSE: Final = timedelta(seconds=0.2)
# After this a mail whose row is locked is tried again.
HELD_PAUSE: Final = timedelta(seconds=1)
NO_ATTEMPT: Final = Raw(b"[]")
UNSEALED: Final = "it was stored under another KALENDS_SECRET"
UNWRITTEN: Final = "the message could not be written; the log says why"
WAITED: Final = "the mail server did not take it for four days"
TOO_LATE: Final = "it was too late: the link in it had expired"
TOO_LATE_OF: Final = {
    MailKind.REMINDER: "it was too late: the appointment had begun",
    MailKind.AGENDA: "it was too late: the day was over",
}
HAS_LEFT: Final = "its reader belongs to the organization no more"


class ReadyMail(Struct, frozen=True):
    """A mail with its message, ready to be handed to the mail server."""

    lane: DueMail
    message: bytes


async def lease_due_mails(
    context: Context, organization_id: UUID, room: int, room_failing: int
) -> list[DueMail]:
    """Leases due lanes, each with its first mail: up to `room`, or `room_failing` while the server
    fails. Raises Unavailable."""
    async with context.database.tenant_connection(organization_id) as tenant:
        leased = await mail_lanes.lease_due_mails(tenant, room, room_failing, MAIL_LEASE)
    return await without_empty(context, organization_id, leased)


async def prepare_mails(
    context: Context, lanes: Sequence[DueMail]
) -> list[ReadyMail | MailOutcome | Postponed]:
    """Writes the messages of one organization's mails. Returns a ReadyMail for each that can be
    sent now, and the outcome of the others: it is too late, the reader has left, the mail stays in
    the mailbox, waits for the link to a call, or its row is locked. Raises Unavailable."""
    now = context.clock()
    ended: dict[UUID, MailOutcome | Postponed] = {
        lane.mail.id: ending for lane in lanes if (ending := _ending(lane, now)) is not None
    }
    for lane in lanes:
        if lane.held_for:
            ended.setdefault(lane.mail.id, Postponed(lane, lane.held_for))
    unwritten = [
        lane.mail for lane in lanes if lane.mail.message is None and lane.mail.id not in ended
    ]
    messages: Mapping[UUID, bytes | None] = {}
    if unwritten:
        messages = await write_messages(context, lanes[0].organization_id, unwritten)
    return [ended.get(lane.mail.id) or _ready(context, lane, messages) for lane in lanes]


async def send_mail(context: Context, ready: ReadyMail) -> MailAnswer:
    """Hands the mail to the mail server, once."""
    transport, recipient = context.gateways.mail_transport, ready.lane.mail.recipient
    assert transport is not None
    sender = mail_address(context.gateways.sender)
    return await transport.post(sender, mail_address(recipient), ready.message)


def outcome_of(
    context: Context, ready: ReadyMail, answer: Posted | Deferred | Rejected, began: float
) -> MailOutcome:
    """The outcome that follows from the server's answer; `began` is a time of the clock
    `monotonic`."""
    match answer:
        case Posted():
            return _outcome(ready.lane, State.DELIVERED, MailState.SENT, _attempt(context, began))
        case Rejected(reason):
            attempt = _attempt(context, began, reason)
            return _outcome(ready.lane, State.EXHAUSTED, MailState.FAILED, attempt)
        case Deferred(reason):
            return _failed_try(context, ready.lane, _attempt(context, began, reason))


async def record_mails(
    context: Context, organization_id: UUID, outcomes: Sequence[MailOutcome]
) -> Recorded:
    """Records the outcomes of tries; idempotent. Waits for no lock: outcomes whose rows are locked
    are returned, to be recorded later. Raises Unavailable, RunAgain."""
    async with context.database.tenant_connection(organization_id) as tenant:
        return await mail_lanes.record_mails(tenant, outcomes, context.clock())


async def record_server_failure(context: Context, failure: ServerFailed) -> timedelta:
    """Has all processes pause sending, and returns for how long from now. The first failure in a
    row is logged, once. Raises Unavailable."""
    scale, transport = context.gateways.retry_scale, context.gateways.mail_transport
    pause, longest = (
        max(pause * scale, SHORTEST_SERVER_PAUSE) for pause in (SERVER_PAUSE, LONGEST_SERVER_PAUSE)
    )
    async with context.database.connection() as tx:
        recorded = await channel_health.record_channel_failure(
            tx, MAIL_CHANNEL, pause, longest, failure.reason
        )
    if recorded.is_first:
        report = log.error if failure.is_for_operator else log.warning
        server = transport.server if transport else None
        report("mail waits for the mail server", server=server, reason=failure.reason)
    return recorded.pause


async def record_server_success(context: Context) -> None:
    """Ends the pause: the server takes mail again, or there is none any more, and mail is kept.
    Raises Unavailable."""
    async with context.database.connection() as tx:
        since = await channel_health.record_channel_success(tx, MAIL_CHANNEL)
    if since is not None:
        has_server = context.gateways.mail_transport is not None
        said = (
            "the mail server takes mail again" if has_server else "mail is kept, without a server"
        )
        log.info(said, failed_since=since.isoformat())


def _ending(lane: DueMail, now: datetime) -> MailOutcome | None:
    """The outcome of a mail that is not to be sent: it is too late, its reader has left, or a
    server of the previous release has dealt with it. None for the others."""
    if lane.mail.state != MailState.QUEUED:
        is_failed = lane.mail.state == MailState.FAILED
        return _outcome(lane, State.EXHAUSTED if is_failed else State.DELIVERED, None)
    if lane.has_left:
        return _outcome(lane, DROPPED, MailState.FAILED, error=HAS_LEFT)
    if lane.expires_at is not None and lane.expires_at <= now:
        error = TOO_LATE_OF.get(MailKind(lane.mail.kind), TOO_LATE)
        return _outcome(lane, DROPPED, MailState.FAILED, error=error)
    if lane.waits_since + WAITS_FOR_SERVER <= now:
        return _outcome(lane, State.EXHAUSTED, MailState.FAILED, error=WAITED)
    return None


def _ready(
    context: Context, lane: DueMail, messages: Mapping[UUID, bytes | None]
) -> ReadyMail | MailOutcome | Postponed:
    """The mail, if its message is written and it is to be sent; else its outcome."""
    if lane.mail.message is None and lane.mail.id not in messages:
        return Postponed(lane, HELD_PAUSE)
    try:
        message = messages.get(lane.mail.id) or opened(context, lane.mail)
    except SealBroken:
        return _failed_try(context, lane, _untried(context, UNSEALED))
    if message is None:
        return _failed_try(context, lane, _untried(context, UNWRITTEN))
    if context.gateways.mail_transport is None or lane.mode == Mode.TEST:
        return _outcome(lane, State.DELIVERED, MailState.KEPT)
    return ReadyMail(lane, message)


def _failed_try(context: Context, lane: DueMail, attempt: DeliveryAttempt) -> MailOutcome:
    scale = context.gateways.retry_scale
    again_after = next_try(MAIL_RETRY_AFTER, lane.tries + 1, scale)
    if again_after is None:
        return _outcome(lane, State.EXHAUSTED, MailState.FAILED, attempt)
    return MailOutcome(
        lane=lane, state=State.PENDING, attempt=encode_raw([attempt]), again_after=again_after
    )


def _outcome(
    lane: DueMail,
    state: str,
    mail_state: MailState | None,
    attempt: DeliveryAttempt | None = None,
    error: str | None = None,
) -> MailOutcome:
    return MailOutcome(
        lane=lane,
        state=state,
        attempt=NO_ATTEMPT if attempt is None else encode_raw([attempt]),
        again_after=None,
        mail_state=mail_state,
        error=error or (attempt.error if attempt else None),
    )


def _untried(context: Context, reason: str) -> DeliveryAttempt:
    return _attempt(context, monotonic(), reason)


def _attempt(context: Context, began: float, error: str | None = None) -> DeliveryAttempt:
    duration = monotonic() - began
    return DeliveryAttempt(
        at=context.clock() - timedelta(seconds=duration),
        status=None,
        duration_ms=round(duration * 1000),
        error=error,
        response=None,
    )
