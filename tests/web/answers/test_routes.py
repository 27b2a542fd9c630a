"""The table of the API's calls says each thing once."""

import pytest

from kalends.domain.scopes import Scope
from kalends.runtime.idempotency import HttpAnswer
from kalends.web.http.call import Call
from kalends.web.http.routes import Access, Resource, Scopes

call = Resource("Things", "/api/v1/things", Scopes(Scope.BOOKINGS_READ, Scope.ALL))


async def list_things(call: Call) -> HttpAnswer:
    """List things

    In the order of their creation, and
    of their names.

    The others are not shown.
    """
    return HttpAnswer(200, b"")


async def undescribed(call: Call) -> HttpAnswer:
    return HttpAnswer(200, b"")


def test_a_handler_describes_its_call() -> None:
    route = call("GET", list_things, {200: None})
    assert route.summary == "List things"
    paragraphs = [
        "In the order of their creation, and of their names.",
        "The others are not shown.",
    ]
    assert route.description.split("\n\n") == paragraphs


def test_a_call_that_is_not_described_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="undescribed"):
        call("GET", undescribed, {200: None})


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("GET", Scope.BOOKINGS_READ),
        ("POST", Scope.ALL),
        ("PATCH", Scope.ALL),
        ("DELETE", Scope.ALL),
    ],
)
def test_only_reading_takes_the_scope_of_readers(method: str, expected: Scope) -> None:
    assert call(f"{method} /{{id}}", list_things, {200: None}).access is expected


def test_a_call_may_have_an_access_of_its_own() -> None:
    route = call("POST /{id}/open", list_things, {200: None}, access=Access.OPEN)
    assert (route.path, route.access) == ("/api/v1/things/{id}/open", Access.OPEN)
