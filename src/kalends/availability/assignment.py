"""Assigns schedules to candidates: which ones can serve each, and which ones a booking would
get."""

from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from kalends.availability.candidates import Candidates
from kalends.availability.fairness import Order, orders
from kalends.availability.hours import Hours
from kalends.availability.matching import ScheduleId, choose
from kalends.availability.rules import Code, closed, rules_of_calendar
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs
from kalends.availability.wallclock import Zone

Chosen: TypeAlias = tuple[ScheduleId, ...]


class Assignment(NamedTuple):
    """What a booking would get at each candidate: `chosen` are the schedules, None if it gets none;
    `joined` are the sessions in which it would be a seat, by start; `further` are the starts of
    those beside which another session could open."""

    chosen: list[Chosen | None]
    joined: dict[int, Session]
    further: frozenset[int]


def assign(
    inputs: SlotInputs, candidates: Candidates, may_open: bytearray, may_join: bytearray
) -> Assignment:
    """The schedules for each candidate.

    A new claim is considered where `may_open` has a flag, a seat in an existing session where
    `may_join` has one.
    """
    chosen: list[Chosen | None] = [None] * len(candidates.starts)
    if not chosen:
        return Assignment(chosen, {}, frozenset())
    _open(_ServableStarts(inputs, candidates, may_open), chosen)
    if (required := inputs.required_id) is not None:
        chosen = [ids if ids and required in ids else None for ids in chosen]
    joined, further = {}, set()
    for at, sessions in _sessions_by_candidate(inputs, candidates):
        session = _session_to_join(inputs, sessions, chosen[at]) if may_join[at] else None
        if session is not None:
            joined[session.start] = session
            if chosen[at] is not None:
                further.add(session.start)
            chosen[at] = session.schedule_ids
    return Assignment(chosen, joined, frozenset(further))


class _ServableStarts:
    """Which candidates each schedule can serve, computed when it is first needed.

    If one of twenty schedules is needed, most are never computed.
    """

    def __init__(self, inputs: SlotInputs, candidates: Candidates, allowed: bytearray) -> None:
        self.inputs = inputs
        self.candidates = candidates
        self.allowed = allowed
        self.eligible = inputs.eligible
        self._open: dict[tuple[Hours, Zone], bytearray] = {}
        self._served: dict[ScheduleId, bytearray] = {}

    def served_by(self, calendar: Calendar) -> bytearray:
        """A flag for each candidate that the schedule can serve."""
        flags = self._served.get(calendar.schedule_id)
        if flags is None:
            flags = self._open_in(calendar).copy()
            for rule in rules_of_calendar(calendar, self.inputs, self.candidates.span):
                rule.exclude(self.candidates, flags)
            self._served[calendar.schedule_id] = flags
        return flags

    def _open_in(self, calendar: Calendar) -> bytearray:
        """A flag for each candidate in the schedule's hours; schedules with equal hours share
        it."""
        key = calendar.hours, calendar.zone
        if key not in self._open:
            self._open[key] = flags = self.allowed.copy()
            if key not in self.candidates.fit:
                duration = self.inputs.terms.duration
                closed(*key, duration, self.candidates.span).exclude(self.candidates, flags)
        return self._open[key]


def _open(servable: _ServableStarts, chosen: list[Chosen | None]) -> None:
    """Sets the schedules that a new claim gets at each candidate."""
    inputs, eligible = servable.inputs, servable.eligible
    is_one_of_many = [requirement.count for requirement in inputs.requirements] == [1]
    if is_one_of_many and len(eligible) == 1:
        served, alone = servable.served_by(eligible[0]), (eligible[0].schedule_id,)
        chosen[:] = [alone if is_served else None for is_served in served]
        return
    for part, order in orders(inputs, servable.candidates, eligible):
        if is_one_of_many:
            _assign_one(servable, part, order, chosen)
        else:
            _assign_matching(servable, part, order, chosen)


def _assign_one(
    servable: _ServableStarts, part: range, order: Order, chosen: list[Chosen | None]
) -> None:
    """Assigns one schedule of many. Schedules that run ahead come last, but who runs ahead depends
    on who can serve. So those with the least today are tried first, and then, in their fair order,
    all that are not far ahead of them."""
    eligible = servable.eligible
    open_candidates = list(compress(part, servable.allowed[part.start : part.stop]))
    if order.is_fixed:
        in_order = order.among(bytes([1]) * len(eligible))
        _assign_first(servable, open_candidates, [eligible[at] for at in in_order], chosen)
        return
    open_candidates = _assign_first(
        servable, open_candidates, [eligible[at] for at in order.favoured], chosen
    )
    (shares,) = order.shares
    for today in sorted({share.today for share in shares}):
        if not open_candidates:
            return
        least = [eligible[share.place] for share in shares if share.today == today]
        waiting = _assign_first(servable, open_candidates, least, chosen)
        if len(waiting) < len(open_candidates):
            near = [eligible[share.place] for share in shares if share.is_near(today)]
            _assign_first(servable, [at for at in open_candidates if chosen[at]], near, chosen)
        open_candidates = waiting


def _assign_first(
    servable: _ServableStarts,
    candidates: list[int],
    in_order: Sequence[Calendar],
    chosen: list[Chosen | None],
) -> list[int]:
    """Gives each of the candidates the first schedule in order that can serve it. Returns the
    candidates that none can serve."""
    for calendar in in_order:
        if not candidates:
            break
        served, alone = servable.served_by(calendar), (calendar.schedule_id,)
        waiting = []
        for candidate in candidates:
            if served[candidate]:
                chosen[candidate] = alone
            else:
                waiting.append(candidate)
        candidates = waiting
    return candidates


def _assign_matching(
    servable: _ServableStarts, part: range, order: Order, chosen: list[Chosen | None]
) -> None:
    """Assigns by any requirements. Candidates that the same schedules can serve are matched
    once."""
    eligible = servable.eligible
    served = [servable.served_by(calendar)[part.start : part.stop] for calendar in eligible]
    chosen_of: dict[tuple[int, ...], Chosen | None] = {}
    for candidate, serving in zip(part, zip(*served, strict=True), strict=False):
        if serving not in chosen_of:
            in_order = [eligible[at].schedule_id for at in order.among(serving)]
            chosen_of[serving] = choose(servable.inputs.requirements, in_order)
        chosen[candidate] = chosen_of[serving]


def _sessions_by_candidate(
    inputs: SlotInputs, candidates: Candidates
) -> Iterator[tuple[int, Sequence[Session]]]:
    """The sessions of each start that is a candidate, with its position."""
    by_start = sorted(inputs.sessions, key=attrgetter("start"))
    for start, sessions in groupby(by_start, key=attrgetter("start")):
        at = candidates.first_from(start)
        if candidates.starts[at : at + 1] == [start]:
            yield at, list(sessions)


def _session_to_join(
    inputs: SlotInputs, sessions: Sequence[Session], opened: Chosen | None
) -> Session | None:
    """The fullest session that can be joined, among equals the one with the lowest schedule ids.
    None if a new one opens on the `opened` schedules instead: a booking that moves stays in its
    session, or on its schedules."""
    joinable = [session for session in sessions if _can_join(inputs, session)]
    if own := frozenset(inputs.preferred_ids):
        for session in joinable:
            if own == frozenset(session.schedule_ids):
                return session
        if opened is not None and own == frozenset(opened):
            return None
    return min(joinable, key=_fullest_first, default=None)


def _fullest_first(session: Session) -> tuple[int, list[int]]:
    return -session.seats_taken, sorted(id_.int for id_ in session.schedule_ids)


def _can_join(inputs: SlotInputs, session: Session) -> bool:
    """Whether the session has a seat, and each of its schedules could serve it but for the session
    itself. Limits do not apply, since the session is counted already (docs/slots.md, "Groups")."""
    if session.seats_taken >= inputs.capacity:
        return False
    if inputs.required_id is not None and inputs.required_id not in session.schedule_ids:
        return False
    by_id = {calendar.schedule_id: calendar for calendar in inputs.calendars}
    return all(
        id_ in by_id and can_serve_in(by_id[id_], inputs, session) for id_ in session.schedule_ids
    )


def can_serve_in(calendar: Calendar, inputs: SlotInputs, session: Session) -> bool:
    """Whether the schedule could serve the session's start, ignoring the session itself."""
    alone = Candidates([session.start])
    flags = alone.flags()
    rules = [
        closed(calendar.hours, calendar.zone, inputs.terms.duration, alone.span),
        *rules_of_calendar(calendar, inputs, alone.span, session),
    ]
    for rule in rules:
        if rule.code is not Code.LIMIT_REACHED:
            rule.exclude(alone, flags)
    return bool(flags[0])
