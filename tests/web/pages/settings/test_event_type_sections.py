"""Which section of the form an event type's field is in."""

import pytest

from kalends.web.api.event_types import UpdateEventType
from kalends.web.console.settings.offers.event_type_sections import (
    SECTIONS,
    section_after,
    section_of,
)

# The list has the order, a tab of its own the languages.
ELSEWHERE = {"position", "translations"}


def test_each_field_of_the_api_stands_in_one_section() -> None:
    named = sorted(field for section in SECTIONS for field in section.fields)
    assert named == sorted(set(UpdateEventType.__struct_fields__) - ELSEWHERE)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("name", "what"),
        ("requirements.0.schedule_ids", "who"),
        ("booking_limits.max_per_day", "when"),
        ("questions.3.options", "form"),
        ("reminders_minutes_before", "messages"),
        ("redirect_url", "after"),
    ],
)
def test_a_fault_is_found_in_its_section(field: str, key: str) -> None:
    section = section_of(field)
    assert section is not None
    assert section.key == key


def test_the_sections_lead_from_the_first_to_the_last() -> None:
    walked = [SECTIONS[0]]
    while following := section_after(walked[-1]):
        walked.append(following)
    assert walked == list(SECTIONS)
