"""The bookings that an absence affects, as its page shows them: the seats of a session together,
and each with a suggestion."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from kalends.domain.absence import Action, AffectedBooking, Decided, Decision
from kalends.domain.booking import Booking
from kalends.domain.ids import BOOKING, SCHEDULE, decode_id, encode_id
from kalends.web.pages.forms import FormFields


@dataclass(frozen=True)
class Choice:
    """One possible decision, as the form names it: an action and, if it reassigns, the schedule."""

    action: Action
    schedule_id: UUID | None = None

    @property
    def value(self) -> str:
        if self.schedule_id is None:
            return self.action.value
        return f"{self.action.value}:{encode_id(SCHEDULE, self.schedule_id)}"


@dataclass(frozen=True)
class Settlement:
    """A booking, or all seats of a session, with the choices and the suggested one. `decided` is an
    earlier decision to offer another time or to keep the booking, if there is one."""

    bookings: Sequence[Booking]
    choices: Sequence[Choice]
    suggested: str
    decided: Decided | None

    @property
    def first(self) -> Booking:
        return self.bookings[0]

    @property
    def ids(self) -> str:
        return " ".join(encode_id(BOOKING, booking.id) for booking in self.bookings)


def settlements_of(
    affected: Sequence[AffectedBooking], decisions: Sequence[Decision] = ()
) -> list[Settlement]:
    """The settlements in the order of the bookings. What was decided in a form that is shown again
    is chosen, where it is possible still.

    It suggests the schedule whose turn it is, but none for two bookings at once, and none more
    often than another that is free. If no schedule is, it suggests to offer another time.
    """
    given: dict[UUID, list[Booking]] = {}
    typed = {one.booking_id: Choice(one.action, one.schedule_id) for one in decisions}
    settled = []
    for _, seats in groupby(affected, key=_session_of):
        together = list(seats)
        suggested = _suggested(together[0], given)
        settled.append(_settlement(together, suggested, typed.get(together[0].booking.id)))
    return settled


def decisions_in(form: FormFields) -> list[Decision]:
    """The decisions in the form, without those that are malformed or left open."""
    decisions = []
    for number, ids in enumerate(form.all_of("of")):
        action, _, schedule = form.text(f"do.{number}").partition(":")
        if action not in set(Action):
            continue
        schedule_id = decode_id(SCHEDULE, schedule) if schedule else None
        for text in ids.split():
            if (booking_id := decode_id(BOOKING, text)) is not None:
                decisions.append(
                    Decision(booking_id=booking_id, action=Action(action), schedule_id=schedule_id)
                )
    return decisions


def _session_of(affected: AffectedBooking) -> object:
    """A key that is the same for all seats of a session."""
    booking = affected.booking
    return booking.start_time, booking.event_type_id, booking.schedule_ids


def _suggested(affected: AffectedBooking, given: dict[UUID, list[Booking]]) -> Choice:
    booking = affected.booking
    free = [
        id_
        for id_ in affected.alternatives
        if not any(_meet(booking, other) for other in given.get(id_, ()))
    ]
    if not free:
        return Choice(Action.OFFER)
    chosen = min(free, key=lambda id_: len(given.get(id_, ())))
    given.setdefault(chosen, []).append(booking)
    return Choice(Action.REASSIGN, chosen)


def _meet(one: Booking, other: Booking) -> bool:
    return one.start_time < other.end_time and other.start_time < one.end_time


def _settlement(
    seats: Sequence[AffectedBooking], suggested: Choice, typed: Choice | None
) -> Settlement:
    first = seats[0]
    takers = [Choice(Action.REASSIGN, id_) for id_ in first.alternatives]
    others = [Choice(action) for action in (Action.OFFER, Action.CANCEL, Action.KEEP)]
    decided = first.decided
    if decided is not None and decided.action in (Action.OFFER, Action.KEEP):
        suggested = Choice(decided.action)
    else:
        decided = None
    if typed in (*takers, *others):
        suggested = typed
    bookings = [seat.booking for seat in seats]
    return Settlement(bookings, [*takers, *others], suggested.value, decided)
