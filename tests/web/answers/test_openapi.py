"""`/openapi.json` and `/docs`: whole, valid, true to the table of routes, and all our own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from kalends.domain.webhook import EventName
from kalends.web.app import ROUTES
from kalends.web.http.errors import HTTP_STATUS
from kalends.web.http.routes import Route
from kalends.web.openapi.document import describe
from kalends.web.openapi.errors import PROBLEMS
from kalends.web.openapi.operations import operation_id
from tests.world import World

JSON = dict[str, Any]
DOCUMENT: JSON = json.loads(json.dumps(describe(ROUTES)))
SCHEMAS: JSON = DOCUMENT["components"]["schemas"]
OPERATORS = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"}


def operations() -> Iterator[tuple[str, JSON]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield f"{method.upper()} {path}", described


def by_name(route: Route) -> JSON:
    described: JSON = DOCUMENT["paths"][route.path][route.method.lower()]
    return described


def schema_of(kind: JSON) -> Draft202012Validator:
    return Draft202012Validator({**kind, "components": DOCUMENT["components"]})


def names(parameters: list[JSON]) -> set[str]:
    return {(p.get("name") or p["$ref"].rpartition("/")[2]) for p in parameters}


@pytest.fixture(scope="module")
def world(module_world: World) -> World:
    return module_world


def test_components_are_called_by_nouns_that_clients_can_be_made_of() -> None:
    assert [name for name in SCHEMAS if not re.fullmatch(r"([A-Z][a-z]+)+", name)] == []


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_the_server_shows_this_document(world: World) -> None:
    answer = world.stranger.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DOCUMENT


def test_what_is_served_is_described_and_nothing_else() -> None:
    served = {f"{route.method} {route.path}" for route in ROUTES}
    assert {name for name, _ in operations()} == served | {f"GET {path}" for path in OPERATORS}


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [described["operationId"] for _, described in operations()]
    assert len(set(ids)) == len(ids)
    assert {"listBookings", "getBooking", "createBooking", "updateBooking"} <= set(ids)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_has_a_type_and_words(name: str) -> None:
    for field, schema in SCHEMAS[name].get("properties", {}).items():
        assert schema.keys() & {"type", "$ref", "anyOf"}, field
        assert schema.get("description"), field


def test_every_parameter_has_a_schema_and_words() -> None:
    for name, described in operations():
        for parameter in described["parameters"]:
            if "$ref" not in parameter:
                assert parameter["schema"], name
                assert parameter["description"], (name, parameter["name"])


def test_no_header_is_of_a_kind_that_makers_of_clients_refuse() -> None:
    headers = [p for p in DOCUMENT["components"]["parameters"].values() if p["in"] == "header"]
    assert [header["name"] for header in headers if "format" in header["schema"]] == []
    assert len(headers) >= 4


def test_every_moment_is_described_as_an_instant() -> None:
    moments = {
        f"{name}.{field}": schema
        for name, kind in SCHEMAS.items()
        for field, schema in kind.get("properties", {}).items()
        if re.search(r"(^|_)(at|time|until|local_start)$", field) and field != "agenda_at"
        if schema.get("type") != "boolean"
    }
    assert [name for name, schema in moments.items() if "date-time" not in str(schema)] == []
    assert {"Booking.start_time", "Obstacle.end_time", "Delivery.next_attempt_at"} <= set(moments)


def test_every_tag_has_words() -> None:
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    used = {tag for _, described in operations() for tag in described["tags"]}
    assert used == {tag["name"] for tag in DOCUMENT["tags"]}


def test_every_code_has_words_and_stands_in_the_guide() -> None:
    assert PROBLEMS.keys() == HTTP_STATUS.keys()
    for code in HTTP_STATUS:
        assert f"`{code}`" in DOCUMENT["info"]["description"]


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_a_call_says_who_may_make_it(route: Route) -> None:
    described = by_name(route)
    if route.takes_key:
        assert described["x-required-scope"] == str(route.access)
        assert f"`{route.access}`" in described["description"]
        assert {"bearerKey": [str(route.access)]} in described["security"]
        assert {"401", "403", "429"} <= described["responses"].keys()
    else:
        assert "x-required-scope" not in described


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_a_call_says_which_headers_it_takes_and_gives(route: Route) -> None:
    described = by_name(route)
    taken = names(described["parameters"])
    assert "X-Request-Id" in taken
    assert ("Idempotency-Key" in taken) == route.idempotent_by_key
    assert ("If-Match" in taken) == route.if_match
    for status, answer in described["responses"].items():
        assert "X-Request-Id" in answer["headers"]
        limited = route.takes_key and status != "401"
        assert ("X-RateLimit-Remaining" in answer["headers"]) == limited, status
        again = status in {"429", "503"} or (status == "409" and route.idempotent_by_key)
        assert ("Retry-After" in answer["headers"]) == again
    done = described["responses"][str(min(route.answers))]["headers"]
    assert ("ETag" in done) == route.etag
    assert ("Idempotency-Replayed" in done) == route.idempotent_by_key


def test_every_example_is_as_its_schema_says() -> None:
    checked = 0
    for name, described in operations():
        bodies = [described.get("requestBody", {}), *described["responses"].values()]
        for content in (media for body in bodies for media in body.get("content", {}).values()):
            examples = [media["value"] for media in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            for example in examples:
                wrong = list(schema_of(content["schema"]).iter_errors(example))
                assert not wrong, (name, wrong)
            checked += len(examples)
    assert checked > len(ROUTES)


def test_the_examples_of_webkasa_are_there() -> None:
    create = DOCUMENT["paths"]["/api/v1/bookings"]["post"]
    example = create["requestBody"]["content"]["application/json"]["example"]
    assert example["attendee"]["notes"] == "First-time visitor"
    made = create["responses"]["201"]["content"]["application/json"]["example"]
    assert made["data"]["id"] == "bk_abc123"


def test_a_created_booking_links_to_its_actions() -> None:
    links = DOCUMENT["paths"]["/api/v1/bookings"]["post"]["responses"]["201"]["links"]
    assert links.keys() == {"getBooking", "updateBooking", "cancelBooking"}


def test_components_are_named_by_nouns() -> None:
    assert {"Booking", "BookingList", "CreateBooking", "UpdateBooking", "BookingStatus"} <= set(
        SCHEMAS
    )
    assert not [name for name in SCHEMAS if name.endswith(("Body", "Shown", "Answer"))]


def test_a_component_bears_the_name_of_its_title() -> None:
    titles = {name: schema["title"] for name, schema in SCHEMAS.items() if "title" in schema}
    assert titles == {name: name for name in titles}


def test_only_fields_without_which_a_request_cannot_be_are_required() -> None:
    assert SCHEMAS["CreateBooking"]["required"] == ["start_time", "attendee"]
    assert "required" not in SCHEMAS["UpdateBooking"]
    assert SCHEMAS["CreateBooking"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/bookings", "Booking"),
        ("/api/v1/schedules", "Schedule"),
        ("/api/v1/event-types", "EventType"),
        ("/api/v1/api-keys", "ApiKey"),
    ],
)
def test_an_answer_shows_the_described_fields_and_no_others(
    world: World, path: str, name: str
) -> None:
    assert world.shared_booking
    world.create_event_type(questions=[{"key": "topic", "label": "Topic", "type": "text"}])
    world.api.post("/api/v1/api-keys", json={"scopes": ["*:read"]})
    row = world.api.get(path).json()["data"][0]
    assert row.keys() == SCHEMAS[name]["properties"].keys() == set(SCHEMAS[name]["required"])


def test_signing_in_and_out_is_as_described(world: World) -> None:
    body = {"email": world.setup.admin_email, "password": world.password}
    with httpx.Client(base_url=world.url) as browser:
        for method, path in (("post", "login"), ("get", "me"), ("post", "logout")):
            answer = browser.request(
                method, f"/api/auth/{path}", json=body if path == "login" else None
            )
            described = DOCUMENT["paths"][f"/api/auth/{path}"][method]["responses"]["200"]
            assert answer.status_code == 200
            assert described["headers"].keys() <= _titled(answer.headers)
            schema_of(described["content"]["application/json"]["schema"]).validate(answer.json())


def _titled(headers: httpx.Headers) -> set[str]:
    return {name.title() for name in headers}


@pytest.mark.parametrize("path", sorted(OPERATORS))
def test_other_methods_of_an_operators_path_get_our_405(world: World, path: str) -> None:
    answer = world.stranger.post(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"


def test_the_page_takes_everything_from_us(world: World) -> None:
    page = world.stranger.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert not re.findall(r"<script(?![^>]*\ssrc=)", page.text)
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 3
    for link in links:
        assert not re.match(r"(https?:)?//", link), link
        if not link.startswith("data:"):
            assert world.stranger.get(f"/{link}").status_code == 200, link


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/openapi.json"])
def test_what_has_not_changed_is_not_sent_again(world: World, path: str) -> None:
    first = world.stranger.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = world.stranger.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_answers_of_the_api_are_not_kept(world: World) -> None:
    assert world.api.get("/api/v1/bookings").headers["cache-control"] == "no-store"
    assert world.stranger.get("/healthz").headers["cache-control"] == "no-store"


def test_a_parameter_is_left_out_rather_than_null(world: World) -> None:
    answer = world.api.get("/api/v1/event-types", params={"active": "null"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "active"


def test_every_event_is_described_as_a_webhook() -> None:
    assert DOCUMENT["webhooks"].keys() == {name.value for name in EventName}


@pytest.mark.parametrize("name", EventName)
def test_the_example_of_a_webhook_is_as_its_schema_says(name: EventName) -> None:
    content = DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    assert content["example"]["type"] == name
    assert not list(schema_of(content["schema"]).iter_errors(content["example"]))
