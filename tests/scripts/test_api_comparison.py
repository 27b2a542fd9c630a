"""What `scripts/compare_api.py` calls a sentence, a name, or a change of the API."""

from datetime import UTC, datetime
from typing import Any

import pytest
from scripts.api_comparison.differences import Kind, compare_answers, compare_openapi
from scripts.api_comparison.normal import Normalizer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def document(name: str = "Booking", **schema: Any) -> dict[str, Any]:
    """An OpenAPI document with one call, whose answer is the component."""
    shape = {"title": name, "type": "object", "properties": {"title": {"type": "string"}}}
    answer = {"content": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {
        "paths": {"/bookings": {"get": {"summary": "List", "responses": {"200": answer}}}},
        "components": {"schemas": {name: {**shape, **schema}}},
    }


def kinds(before: Any, after: Any) -> list[Kind]:
    return [one.kind for one in compare_answers("call", before, after)]


def test_equal_answers_have_no_differences() -> None:
    assert kinds({"data": [1, None]}, {"data": [1, None]}) == []


def test_another_error_sentence_is_a_sentence() -> None:
    assert kinds({"error": "Gone."}, {"error": "It is gone."}) == [Kind.SENTENCE]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"code": "STALE"}, {"code": "OLD"}),
        ({"title": "Talk"}, {"title": "Call"}),
        ({"error": "Gone."}, {"error": None}),
        ({"error": "Gone."}, {}),
        ({"id": 1}, {"ident": 1}),
        ({"count": 1}, {"count": True}),
        ([1], [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_other_changes_of_an_answer_are_reported(before: Any, after: Any) -> None:
    assert set(kinds(before, after)) == {Kind.OTHER}


def test_a_renamed_component_is_a_name() -> None:
    differences = compare_openapi(document("BookingShown"), document("Booking"))
    assert {one.kind for one in differences} == {Kind.COMPONENT}
    assert ("BookingShown", "Booking") in {(one.before, one.after) for one in differences}


def test_a_changed_field_of_a_renamed_component_is_reported() -> None:
    after = document("Booking", properties={"titel": {"type": "string"}})
    differences = compare_openapi(document("BookingShown"), after)
    assert [one.where for one in differences if one.kind is Kind.OTHER] == [
        "<BookingShown>/properties/title",
        "<BookingShown>/properties/titel",
    ]


def test_another_description_in_openapi_is_a_sentence() -> None:
    differences = compare_openapi(document(description="Told."), document(description="Said."))
    assert [one.kind for one in differences] == [Kind.SENTENCE]


def test_a_property_called_title_is_no_name_of_a_component() -> None:
    after = document(properties={"title": {"type": "integer"}})
    assert [one.kind for one in compare_openapi(document(), after)] == [Kind.OTHER]


def test_a_component_that_nothing_uses_is_compared_too() -> None:
    after = document()
    after["components"]["schemas"]["Spare"] = {"type": "object"}
    differences = compare_openapi(document(), after)
    assert [(one.kind, one.where) for one in differences] == [(Kind.OTHER, "<Spare>")]


def test_a_component_within_itself_is_compared_once() -> None:
    loop: Any = {"properties": {"child": {"$ref": "#/components/schemas/Booking"}}}
    assert compare_openapi(document(**loop), document(**loop)) == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("bk_0352lF5NnllfIJ66lPpfc3", "bk#1"),
        ("wh_evt_0352lF5NnllfIJ66lPpfc3", "wh_evt#1"),
        ("wk_live_abcDEF123", "wk_live_<secret>"),
        ("whsec_MfKQ9r8GKYqrTwjU+/=", "whsec_<secret>"),
        ("whsec_0352lF5NnllfIJ66lPpfc3+Bl9M=", "whsec_<secret>"),
        ("http://127.0.0.1:4711/x", "http://127.0.0.1:<port>/x"),
        ("/feeds/hsQFsVzBFbLpiLqEYcNfHyj_CttFbgsi.ics", "/feeds/<token>.ics"),
        ("2026-03-01T12:00:01Z", "<now Z>"),
        ("2026-03-01T12:05:01.25+00:00", "<in 5 min .00+00:00>"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"),
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("consultation-by-the-hour-in-berlin", "consultation-by-the-hour-in-berlin"),
    ],
)
def test_what_varies_is_taken_out(text: str, plain: str) -> None:
    assert Normalizer().text(text, NOW) == plain


def test_ids_are_numbered_by_when_they_were_seen() -> None:
    first, second = "bk_0352lF5NnllfIJ66lPpfc3", "bk_0352lF5NnllfIJ66lPpfc4"
    plain = Normalizer().value({"ids": [second, first], "again": second}, NOW)
    assert plain == {"ids": ["bk#1", "bk#2"], "again": "bk#1"}


def test_headers_with_times_are_not_compared() -> None:
    headers = {"Date": "now", "ETag": '"3"', "Retry-After": "7"}
    assert Normalizer().headers(headers, NOW) == {"etag": '"3"', "retry-after": "<number>"}
