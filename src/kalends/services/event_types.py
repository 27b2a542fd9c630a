"""Event types: list, get, create, update, delete."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec import structs

from kalends.availability import matching
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid, NotFound, SlugTaken
from kalends.domain.event_type import EventType, EventTypeRules, Requirement
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, encode_id, new_id, time_of_id
from kalends.domain.translations import carried_over, faults_of, fitting
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.scheduling.event_type_slugs import list_free_slugs
from kalends.scheduling.video import check_video
from kalends.store.availability import event_types
from kalends.store.availability.schedules import protect_schedules


class NewEventType(EventTypeRules, frozen=True, kw_only=True):
    """An event type as a client requests it, parsed. A `slug` of None is made from the name."""

    slug: str | None


async def list_event_types(
    work: UnitOfWork, *, is_active: bool | None, limit: int, offset: int
) -> tuple[list[EventType], int]:
    """A page in the order of creation, and the total. `is_active` None lists active and inactive
    ones."""
    return await event_types.list_event_types(work.tenant, is_active, limit, offset)


async def get_event_type(work: UnitOfWork, event_type_id: UUID) -> EventType:
    """Raises NotFound."""
    event_type = await event_types.find_event_type(work.tenant, event_type_id)
    return require(event_type, EVENT_TYPE, event_type_id)


async def create_event_type(work: UnitOfWork, new: NewEventType) -> EventType:
    """Creates an event type. Raises NotFound (a schedule), Invalid, SlugTaken."""
    _check_translations(new)
    await _check_requirements(work, new.requirements)
    await check_video(work, new)
    return await _insert(work, new)


async def _insert(work: UnitOfWork, new: NewEventType) -> EventType:
    new = structs.replace(new, requirements=_with_fair_since(new.requirements, []))
    slugs: Iterable[str] = [new.slug] if new.slug else await list_free_slugs(work, new.name)
    for slug in slugs:
        event_type = _new_event_type(work, new, slug)
        if await event_types.insert_event_type(work.tenant, event_type):
            return event_type
    raise SlugTaken(new.slug)


async def duplicate_event_type(work: UnitOfWork, event_type_id: UUID, name: str) -> EventType:
    """Creates an inactive copy with that name and a slug made from it, last in lists. A copy is
    also made of what would not be valid any more: translations that do not fit their question are
    left out, and links to calls are not checked. Raises NotFound."""
    original = await get_event_type(work, event_type_id)
    values = {field: getattr(original, field) for field in NewEventType.__struct_fields__}
    texts = fitting(original.translations, original.questions)
    differs = {"name": name, "slug": None, "is_active": False, "position": None}
    new = NewEventType(**values | differs | {"translations": texts})
    await _check_requirements(work, new.requirements)
    return await _insert(work, new)


async def lock_event_type(work: UnitOfWork, event_type_id: UUID, if_match: IfMatch) -> EventType:
    """The event type, locked until the transaction ends. Raises NotFound, Stale."""
    event_type = await event_types.find_event_type_to_change(work.tenant, event_type_id)
    return require_version(event_type, EVENT_TYPE, event_type_id, if_match)


async def update_event_type(
    work: UnitOfWork, before: EventType, changes: FieldChanges[EventType]
) -> EventType:
    """Changes the given fields of a locked event type; succeeds also without a difference. Existing
    bookings stay as they are. Unless translations are given, those of the questions are carried
    over. Raises NotFound (a schedule), Invalid, SlugTaken."""
    requirements: list[Requirement] | None = changes.values.get("requirements")
    if requirements is not None:
        await _check_requirements(work, requirements)
        since = _with_fair_since(requirements, before.requirements)
        changes = FieldChanges(**(changes.values | {"requirements": since}))
    after = with_changes(before, _with_translations(before, changes), work.recorded_at)
    if after is before:
        return before
    if "translations" in changes.values:  # those that were carried over fit the questions
        _check_translations(after)
    if after.video != before.video or after.requirements != before.requirements:
        await check_video(work, after)
    await event_types.update_event_type(work.tenant, after)
    return after


async def delete_event_type(work: UnitOfWork, event_type_id: UUID, if_match: IfMatch) -> EventType:
    """Deletes the event type. Its bookings stay and keep its id. Raises NotFound, Stale."""
    stored = await event_types.find_event_type_to_delete(work.tenant, event_type_id)
    event_type = require_version(stored, EVENT_TYPE, event_type_id, if_match)
    await event_types.delete_event_type(work.tenant, event_type_id, work.recorded_at)
    return event_type


def _with_translations(
    before: EventType, changes: FieldChanges[EventType]
) -> FieldChanges[EventType]:
    """The changes, with the translations carried over if the questions change and no translations
    are given."""
    questions = changes.values.get("questions")
    if questions is None or "translations" in changes.values or not before.translations:
        return changes
    follow = fitting(carried_over(before.translations, before.questions, questions), questions)
    return FieldChanges(**(changes.values | {"translations": follow}))


def _check_translations(rules: EventTypeRules) -> None:
    """Raises Invalid if translations do not fit the questions."""
    for field, sentence in faults_of(rules.translations, rules.questions):
        raise Invalid.field(field, sentence)


async def _check_requirements(work: UnitOfWork, requirements: Sequence[Requirement]) -> None:
    """Raises NotFound if a schedule does not exist, Invalid if the requirements can never be met.

    Locks the schedules against deletion until the transaction ends.
    """
    schedule_ids = list(dict.fromkeys(id_ for r in requirements for id_ in r.schedule_ids))
    if not schedule_ids:
        return
    protected = await protect_schedules(work.tenant, schedule_ids)
    for id_ in schedule_ids:
        if id_ not in protected:
            raise NotFound.with_id(SCHEDULE, encode_id(SCHEDULE, id_))
    for number, requirement in enumerate(requirements):
        if len(set(requirement.schedule_ids)) < len(requirement.schedule_ids):
            raise Invalid.field(
                f"requirements.{number}.schedule_ids", "must name each schedule once"
            )
        if requirement.count > len(requirement.schedule_ids):
            raise Invalid.field(
                f"requirements.{number}.count", "must be at most the number of its schedules"
            )
    _check_weights(requirements)
    if not matching.can_be_met(
        [matching.SlotRequirement(r.count, frozenset(r.schedule_ids)) for r in requirements]
    ):
        raise Invalid.field("requirements", "cannot all be met at once by different schedules")


def _check_weights(requirements: Sequence[Requirement]) -> None:
    """Raises Invalid if a schedule has different weights in two requirements."""
    weights: dict[UUID, int] = {}
    for number, requirement in enumerate(requirements):
        for id_, weight in requirement.shares.items():
            if weights.setdefault(id_, weight) != weight:
                raise Invalid.field(
                    f"requirements.{number}.weights",
                    f"{encode_id(SCHEDULE, id_)} must have the same weight in all requirements",
                )


def _with_fair_since(
    requirements: Sequence[Requirement], before: Sequence[Requirement]
) -> list[Requirement]:
    """The requirements with their `fair_since`: as before if members and weights are the same, else
    now."""
    now, unmatched, dated = time_of_id(new_id()), list(before), list[Requirement]()
    for requirement in requirements:
        same = next((old for old in unmatched if old.shares == requirement.shares), None)
        if same is not None:
            unmatched.remove(same)
        since = now if same is None else same.fair_since
        dated.append(structs.replace(requirement, fair_since=since))
    return dated


def _new_event_type(work: UnitOfWork, new: NewEventType, slug: str) -> EventType:
    values = structs.asdict(new) | {"slug": slug}
    return EventType(
        id=new_id(), **values, created_at=work.recorded_at, updated_at=work.recorded_at, version=1
    )
