"""What Microsoft's own names and types say of a request to Graph: which calls there are, with which
parameters, and what their bodies hold (`tests/data/microsoft_graph.json`, made of `msgraph-sdk` by
`scripts/extract_graph.py`). What scopes and headers a call needs is written here, by its pages."""

import re
from typing import Any, NamedTuple

from tests.fakes.descriptions import Description, parts_of

GRAPH = Description("microsoft_graph.json")
DESCRIPTION = GRAPH.said
BODIES = {
    ("POST", "me/calendars/{calendar}/events"): "Event",
    ("PATCH", "me/calendars/{calendar}/events/{event}"): "Event",
    ("POST", "subscriptions"): "Subscription",
}
READING = {"Calendars.Read", "Calendars.ReadWrite"}
DELTA = "me/calendars/{calendar}/calendarView/delta"
INSTANCES = "me/calendars/{calendar}/events/{event}/instances"
SPAN = ("startDateTime", "endDateTime")
# What Graph says of itself, and takes from nobody.
READ_ONLY = {"id", "changeKey", "createdDateTime", "lastModifiedDateTime", "iCalUId", "isOrganizer"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?")


class GraphCall(NamedTuple):
    """A call, and the parts of its path."""

    verb: str
    name: str
    path: dict[str, str]


def call_of(verb: str, path: str) -> GraphCall | None:
    """The call that a path below `/v1.0/` is for, as it was written."""
    for name, described in DESCRIPTION["calls"].items():
        parts = parts_of(name, path)
        if parts is not None and verb in described["verbs"]:
            return GraphCall(verb, name, parts)
    return None


def scopes_for(call: GraphCall) -> set[str]:
    """Any of them does."""
    if call.name == "me":
        return {"User.Read"}
    is_read = call.verb == "GET" or call.name.startswith("subscriptions")
    return READING if is_read else {"Calendars.ReadWrite"}


def fault_in_headers(call: GraphCall, prefer: str) -> str | None:
    """Ids that change and times in the zone of a mailbox would do harm, quietly."""
    if call.name == "me" or call.name == "me/calendars":
        return None
    if 'IdType="ImmutableId"' not in prefer:
        return "ids would change when events are moved: Prefer lacks IdType"
    is_of_events = "events" in call.name or call.name == DELTA
    if is_of_events and 'outlook.timezone="UTC"' not in prefer:
        return "times would be in the zone of the mailbox: Prefer lacks outlook.timezone"
    return None


def fault_in_query(call: GraphCall, query: dict[str, str]) -> str | None:
    """Why the parameters are refused."""
    known = {*DESCRIPTION["calls"][call.name]["parameters"], "$skiptoken", "$deltatoken"}
    if call.name == DELTA:
        known = {*SPAN, "$skiptoken", "$deltatoken"}
        if not {"$skiptoken", "$deltatoken"} & query.keys() and not set(SPAN) <= query.keys():
            return "a round has a window"
    if call.name == INSTANCES and not set(SPAN) <= query.keys():
        return "instances have a window"
    unknown = query.keys() - known
    if unknown:
        return f"not supported: {sorted(unknown)}"
    chosen = [name for name in query.get("$select", "").split(",") if name]
    schema = DESCRIPTION["schemas"]["Calendar" if call.name.endswith("calendars") else "Event"]
    if call.name.startswith("me/calendars/") and chosen and set(chosen) - {*schema["properties"]}:
        return "unknown property in $select"
    return next((f"invalid {name}" for name in SPAN if not _is_instant(query.get(name))), None)


def fault_in_body(call: GraphCall, body: Any) -> str | None:
    """Why the body is refused."""
    schema = BODIES.get((call.verb, call.name))
    if schema is None:
        return None
    if not isinstance(body, dict):
        return "there is no body"
    if fault := GRAPH.fault(schema, body):
        return fault
    if READ_ONLY & body.keys():
        return f"read-only: {sorted(READ_ONLY & body.keys())}"
    if call.verb == "PATCH" and "transactionId" in body:
        return "transactionId cannot be changed"
    return None


def _is_instant(value: str | None) -> bool:
    return value is None or INSTANT.fullmatch(value) is not None
