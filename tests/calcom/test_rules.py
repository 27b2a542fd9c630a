"""Who wins, as a table; and what a row means, whatever it looks like."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json, structs

from kalends.domain.booking import Status
from kalends.domain.ids import new_id
from kalends.domain.imports.connections import ScheduleMapping, schedule_for
from kalends.domain.imports.merging import FIELD_GROUPS, ImportedFields, contested_fields, merge
from kalends.domain.imports.rows import SourceRow, UnreadableRow
from kalends.formats.lenient_json import clean
from kalends.gateways.calcom.rows import read_row
from kalends.gateways.calcom.setup import read_event_type, read_schedule
from tests.fakes.calcom import samples

A, B, C = new_id(), new_id(), new_id()


def at(hour: int) -> datetime:
    return datetime(2031, 5, 1, hour, tzinfo=UTC)


BASE = ImportedFields(
    status=Status.CONFIRMED,
    start_time=at(10),
    end_time=at(11),
    schedule_id=A,
    title="As it was",
    location=None,
    location_type=None,
    attendee_name="Ada",
    attendee_email="ada@client.example",
    attendee_phone=None,
    attendee_timezone=None,
    attendee_notes=None,
    cancellation_reason=None,
    extras={},
)
CANCELLED = {"status": Status.CANCELLED, "cancellation_reason": "Ill"}
MOVED = {"start_time": at(12), "end_time": at(13)}
MOVED_ELSEWHERE = {"start_time": at(14), "end_time": at(15)}


@pytest.mark.parametrize(
    ("theirs", "ours", "won_here", "holds"),
    [
        # Nothing, there alone, here alone.
        ({}, {}, [], {}),
        ({"title": "T"}, {}, [], {"title": "T"}),
        ({}, {"title": "O"}, [], {"title": "O"}),
        ({"title": "T"}, {"location": "O"}, [], {"title": "T", "location": "O"}),
        (MOVED, {}, [], MOVED),
        (CANCELLED, {}, [], CANCELLED),
        ({"extras": {"a": 1}}, {"title": "O"}, [], {"extras": {"a": 1}, "title": "O"}),
        # Both: the later one.
        ({"title": "T"}, {"title": "O"}, [], {"title": "T"}),
        ({"title": "T"}, {"title": "O"}, ["title"], {"title": "O"}),
        (MOVED, MOVED_ELSEWHERE, [], MOVED),
        (MOVED, MOVED_ELSEWHERE, ["place"], MOVED_ELSEWHERE),
        (MOVED, {"end_time": at(12)}, ["place"], {"end_time": at(12)}),
        (
            {"title": "T", "location": "T"},
            {"title": "O", "location": "O"},
            ["title"],
            {"title": "O", "location": "T"},
        ),
        # A status and a time are two fields.
        (CANCELLED, MOVED, [], CANCELLED | MOVED),
        (MOVED, {"status": Status.COMPLETED}, [], {"status": Status.COMPLETED}),
        # What has ended here stays so, and where it was.
        ({"status": Status.PENDING}, CANCELLED, [], CANCELLED),
        (MOVED | {"title": "T"}, CANCELLED, [], CANCELLED | {"title": "T"}),
        (CANCELLED, {"status": Status.NO_SHOW}, [], {"status": Status.NO_SHOW}),
    ],
)
def test_who_wins(
    theirs: dict[str, Any], ours: dict[str, Any], won_here: list[str], holds: dict[str, Any]
) -> None:
    there, here = structs.replace(BASE, **theirs), structs.replace(BASE, **ours)
    merged = merge(BASE, there, here, won_here)
    assert merged == structs.replace(BASE, **holds)


@pytest.mark.parametrize(
    ("theirs", "ours", "names"),
    [
        ({"title": "T"}, {"title": "O"}, ["title"]),
        ({"title": "S"}, {"title": "S"}, []),
        ({"title": "T"}, {"location": "O"}, []),
        (MOVED, {"schedule_id": B}, ["place"]),
        (CANCELLED, {"status": Status.COMPLETED}, ["status"]),
    ],
)
def test_what_is_contested(theirs: dict[str, Any], ours: dict[str, Any], names: list[str]) -> None:
    there, here = structs.replace(BASE, **theirs), structs.replace(BASE, **ours)
    assert contested_fields(BASE, there, here) == names


def test_every_field_is_a_part_of_one_and_only_one() -> None:
    names = [name for fields in FIELD_GROUPS.values() for name in fields]
    assert sorted(names) == sorted(ImportedFields.__struct_fields__)


@pytest.mark.parametrize(
    ("event_type", "hosts", "schedule"),
    [(7, [501], B), (8, [501], C), (8, [9, 501], C), (8, [9], A), (None, [], A), (None, [501], C)],
)
def test_event_type_mappings_precede_host_mappings_and_those_the_default(
    event_type: int | None, hosts: list[int], schedule: Any
) -> None:
    mappings = [
        ScheduleMapping(host_id=501, schedule_id=C),
        ScheduleMapping(event_type_id=7, schedule_id=B),
    ]
    assert schedule_for(event_type, hosts, mappings, A) == schedule


@pytest.mark.parametrize(
    ("changes", "location", "kind"),
    [
        ({"location": "https://zoom.example/1"}, "https://zoom.example/1", "video"),
        (
            {"location": "integrations:daily", "meetingUrl": "https://a.b/c"},
            "https://a.b/c",
            "video",
        ),
        ({"location": "integrations:zoom", "meetingUrl": None}, "integrations:zoom", "video"),
        ({"location": "+49 (30) 12-34"}, "+49 (30) 12-34", "phone"),
        ({"location": "Main Street 1"}, "Main Street 1", "in_person"),
        ({"location": None, "meetingUrl": None}, None, None),
        ({"location": {"optionValue": "x"}}, None, None),
    ],
)
def test_a_location_says_what_kind_it_is(
    changes: dict[str, Any], location: str | None, kind: str | None
) -> None:
    row = read_row({**samples("normal")[0], **changes})
    assert isinstance(row, SourceRow)
    assert (row.location, row.location_type) == (location, kind)


def test_a_row_that_was_only_touched_has_the_same_digest() -> None:
    row = samples("normal")[0]
    touched = {**row, "updatedAt": "2031-01-01T00:00:00.000Z", "newField": 1, "rating": 5}
    first, second = read_row(row), read_row(touched)
    assert first.digest(A) == second.digest(A) != first.digest(B)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uid", "id", "email", "name", "seatUid", "start", "x"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(samples("normal")[0])), JUNK, max_size=6))
def test_nothing_that_a_row_may_hold_stops_its_reading(changes: dict[str, Any]) -> None:
    row = read_row(clean({**samples("normal")[0], **changes}))
    assert isinstance(row, SourceRow | UnreadableRow)
    json.encode(row)
    row.digest(A)


@settings(max_examples=200, deadline=None)
@given(JUNK)
def test_nothing_that_is_no_row_stops_anything(value: Any) -> None:
    cleaned = clean(value)
    assert isinstance(read_row(cleaned), SourceRow | UnreadableRow)
    read_schedule(cleaned)
    read_event_type(cleaned)
