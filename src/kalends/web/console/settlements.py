"""What an absence meets, as its page shows it: sessions as one, each with a suggestion."""

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
    """One thing that can be done, as the form names it: an action, and who takes it."""

    action: Action
    schedule_id: UUID | None = None

    @property
    def value(self) -> str:
        if self.schedule_id is None:
            return self.action.value
        return f"{self.action.value}:{encode_id(SCHEDULE, self.schedule_id)}"


@dataclass(frozen=True)
class Settlement:
    """A booking, or all seats of a session; what can be done, and what is suggested. `decided` is
    None where nothing was decided about any of them."""

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


def settlements_of(affected: Sequence[AffectedBooking]) -> list[Settlement]:
    """In order. Suggested is whose turn it is, but nobody twice at one time, nor more than others
    where there is a choice; where nobody can take it, another time."""
    given: dict[UUID, list[Booking]] = {}
    settled = []
    for _, seats in groupby(affected, key=_session_of):
        together = list(seats)
        suggested = _suggested(together[0], given)
        settled.append(_settlement(together, suggested))
    return settled


def decisions_in(form: FormFields) -> list[Decision]:
    """What was chosen; what is malformed, and what was left open, is left out."""
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
    """Seats of one session share all three."""
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


def _settlement(seats: Sequence[AffectedBooking], suggested: Choice) -> Settlement:
    first = seats[0]
    takers = [Choice(Action.REASSIGN, id_) for id_ in first.alternatives]
    others = [Choice(action) for action in (Action.OFFER, Action.CANCEL, Action.KEEP)]
    decided = first.decided
    if decided is not None and decided.action in (Action.OFFER, Action.KEEP):
        suggested = Choice(decided.action)
    else:
        decided = None
    bookings = [seat.booking for seat in seats]
    return Settlement(bookings, [*takers, *others], suggested.value, decided)
