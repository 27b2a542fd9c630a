"""Schedules and event types of Cal.com: what is taken over, and what is named as left out."""

from typing import Any

import pytest

from kalends.domain.imports.setup import SourceEventType, SourceSchedule, UnusableSetup
from kalends.gateways.calcom.setup import read_event_type, read_schedule


def schedule(**fields: Any) -> SourceSchedule:
    read = read_schedule({"id": 5, "name": "Desk", "timeZone": "Europe/Berlin"} | fields)
    assert isinstance(read, SourceSchedule)
    return read


def event_type(**fields: Any) -> SourceEventType:
    read = read_event_type({"id": 7, "title": "Talk", "lengthInMinutes": 30} | fields)
    assert isinstance(read, SourceEventType)
    return read


@pytest.mark.parametrize("value", [{}, [], None, {"id": "five", "name": "Desk"}])
def test_a_schedule_without_an_id_is_unusable(value: Any) -> None:
    assert isinstance(read_schedule(value), UnusableSetup)


@pytest.mark.parametrize("minutes", [None, 0, "30", 30 * 24 * 60 + 1])
def test_an_event_type_without_a_length_is_unusable(minutes: Any) -> None:
    read = read_event_type({"id": 7, "title": "Talk", "lengthInMinutes": minutes})
    assert read == UnusableSetup("Talk: it has no id, or no length that can be")


def test_hours_that_cannot_be_read_are_left_out() -> None:
    hours = [
        {"days": ["Monday"], "startTime": "09:00", "endTime": "17:00"},
        {"days": ["Monday"], "startTime": "late", "endTime": "17:00"},
        {"days": ["Someday"], "startTime": "09:00", "endTime": "17:00"},
    ]
    read = schedule(availability=hours, timeZone="Mars")
    assert list(read.availability) == ["monday"]
    assert read.left_out == [
        "the time zone 'Mars' (UTC instead)",
        "the hours days Monday, startTime late, endTime 17:00",
        "the hours days Someday, startTime 09:00, endTime 17:00",
    ]


def test_an_override_that_cannot_be_read_is_left_out() -> None:
    overrides = [
        {"date": "2030-01-01", "startTime": "00:00", "endTime": "00:00"},
        {"date": "2030-01-02", "startTime": "late", "endTime": "17:00"},
        {"date": "tomorrow", "startTime": "09:00", "endTime": "17:00"},
    ]
    read = schedule(overrides=overrides)
    assert read.overrides == {"2030-01-01": [], "2030-01-02": []}
    assert read.left_out == [
        "the override date 2030-01-02, startTime late, endTime 17:00",
        "the override date tomorrow, startTime 09:00, endTime 17:00",
    ]


@pytest.mark.parametrize(
    ("window", "days", "left_out"),
    [
        ({"type": "calendarDays", "value": 30}, 30, []),
        ({"disabled": True}, None, []),
        (
            {"type": "businessDays", "value": 30},
            None,
            ["bookingWindow type businessDays, value 30"],
        ),
        (
            {"type": "calendarDays", "value": 5000},
            None,
            ["bookingWindow type calendarDays, value 5000"],
        ),
    ],
)
def test_a_horizon_is_in_calendar_days_or_named(
    window: Any, days: int | None, left_out: list[str]
) -> None:
    read = event_type(bookingWindow=window)
    assert (read.max_days_ahead, read.left_out) == (days, left_out)


def test_confirmation_at_short_notice_becomes_confirmation_always() -> None:
    read = event_type(confirmationPolicy={"type": "time"})
    assert read.requires_confirmation
    assert read.left_out == ["confirmationPolicy type time (always instead)"]


def test_the_first_place_is_taken_and_others_are_named() -> None:
    places = [{"type": "address", "address": "Room 7"}, {"type": "phone", "phone": "+49301"}]
    read = event_type(locations=places)
    assert read.location == "Room 7"
    assert read.left_out == ["the location type phone, phone +49301"]


def test_a_place_of_another_kind_is_left_out() -> None:
    read = event_type(locations=[{"type": "attendeePhone"}])
    assert (read.location, read.location_type) == (None, None)
    assert read.left_out == ["the location type attendeePhone"]


def test_questions_without_a_counterpart_are_left_out() -> None:
    fields = [
        {"type": "name", "slug": "name", "isDefault": True},
        {"type": "text", "slug": "why", "label": "Why?"},
        {"type": "text", "slug": "why", "label": "Why again?"},
        {"type": "select", "slug": "size", "label": "Size"},
        {"type": "drawing", "slug": "sketch"},
    ]
    read = event_type(bookingFields=fields)
    assert [question.key for question in read.questions] == ["why"]
    assert read.left_out == [
        "the question 'Why again?' (text)",
        "the question 'Size' (select)",
        "the question 'sketch' (drawing)",
    ]
