"""Names and types of Microsoft Graph, as far as the tests need them, from a wheel of `msgraph-sdk`:

    pip download --no-deps msgraph-sdk
    .venv/bin/python -m scripts.extract_graph msgraph_sdk-….whl

The wheel has a list of its models and calls (`kiota-dom-export.txt`). What is needed of it are
facts, which stand in `tests/data/microsoft_graph.json`: models as JSON Schema, and of each call its
path, verbs and parameters. The wheel itself is no dependency of anything here.
"""

import json
import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

EXPORT: Final = "msgraph/generated/kiota-dom-export.txt"
TARGET: Final = Path(__file__).parent.parent / "tests/data/microsoft_graph.json"
MODELS: Final = ("Calendar", "Event", "Subscription", "User")
# What they refer to that is described, too; all else that they refer to may hold anything.
PARTS: Final = frozenset(
    {
        "BodyType",
        "CalendarColor",
        "DateTimeTimeZone",
        "DayOfWeek",
        "EmailAddress",
        "EventType",
        "FreeBusyStatus",
        "Importance",
        "ItemBody",
        "Location",
        "LocationType",
        "OnlineMeetingInfo",
        "OnlineMeetingProviderType",
        "PatternedRecurrence",
        "RecurrencePattern",
        "RecurrencePatternType",
        "RecurrenceRange",
        "RecurrenceRangeType",
        "ResponseStatus",
        "ResponseType",
        "Sensitivity",
        "SingleValueLegacyExtendedProperty",
        "WeekIndex",
    }
)
ME: Final = "users.item"
CALLS: Final[Mapping[str, str]] = {
    "me": f"{ME}.UserItemRequestBuilder",
    "me/calendars": f"{ME}.calendars.CalendarsRequestBuilder",
    "me/calendars/{calendar}": f"{ME}.calendars.item.CalendarItemRequestBuilder",
    "me/calendars/{calendar}/calendarView/delta": (
        f"{ME}.calendars.item.calendarView.delta.DeltaRequestBuilder"
    ),
    "me/calendars/{calendar}/events": f"{ME}.calendars.item.events.EventsRequestBuilder",
    "me/calendars/{calendar}/events/{event}": (
        f"{ME}.calendars.item.events.item.EventItemRequestBuilder"
    ),
    "me/calendars/{calendar}/events/{event}/instances": (
        f"{ME}.calendars.item.events.item.instances.InstancesRequestBuilder"
    ),
    "me/events/{event}": f"{ME}.events.item.EventItemRequestBuilder",
    "subscriptions": "subscriptions.SubscriptionsRequestBuilder",
    "subscriptions/{subscription}": "subscriptions.item.SubscriptionItemRequestBuilder",
    "subscriptions/{subscription}/reauthorize": (
        "subscriptions.item.reauthorize.ReauthorizeRequestBuilder"
    ),
}
VERBS: Final = ("get", "post", "patch", "delete")
# As the SDK's Python names them, and as the address does.
PARAMETERS: Final = {"start_date_time": "startDateTime", "end_date_time": "endDateTime"}
SIMPLE: Final[Mapping[str, Any]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.date": {"type": "string", "format": "date"},
}
_PROPERTY: Final = re.compile(r"\|public\|(\w+)(?:\(\))?:(?!None)(.+)")
_ENUM: Final = re.compile(r"::\d{4}-(\w+?)_?$")
HIDDEN: Final = frozenset(
    {"additional_data", "backing_store", "get_field_deserializers", "odata_type", "serialize"}
)


class Export:
    """The list, by what each line is about."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        for line in text.splitlines():
            name = re.split("::|-->|~~>", line, maxsplit=1)[0]
            self._lines.setdefault(name.removeprefix("msgraph.generated."), []).append(line)

    def of(self, name: str) -> Sequence[str]:
        return self._lines.get(name, ())

    def values_of(self, model: str) -> list[str]:
        """Of an enumeration; empty for what is none."""
        found = [_ENUM.search(line) for line in self.of(f"models.{model}")]
        return [match[1][:1].lower() + match[1][1:] for match in found if match]

    def properties_of(self, model: str) -> dict[str, str]:
        """Their types by name, with those of what the model is a kind of."""
        found: dict[str, str] = {}
        for line in self.of(f"models.{model}"):
            base = re.fullmatch(rf"msgraph\.generated\.models\.{model}-->(\w+)", line)
            if base:
                found |= self.properties_of(base[1])
            match = _PROPERTY.search(line)
            if match and match[1] not in HIDDEN and "(value" not in line:
                found[camel(match[1])] = match[2]
        return found


def camel(name: str) -> str:
    """`i_cal_u_id` as `iCalUId`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


class Schemas:
    """Models as JSON Schema, and those that they refer to."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self.known: dict[str, Any] = {}

    def add(self, model: str) -> None:
        if model in self.known:
            return
        values = self._export.values_of(model)
        if values:
            self.known[model] = {"enum": values}
            return
        properties = self._export.properties_of(model)
        self.known[model] = described = {"type": "object", "additionalProperties": False}
        described["properties"] = {
            name: self._type(kind) for name, kind in sorted(properties.items())
        }

    def _type(self, kind: str) -> Any:
        if kind.startswith("list["):
            return {"type": "array", "items": self._type(kind[5:-1])}
        if kind in SIMPLE:
            return SIMPLE[kind]
        if kind not in PARTS:
            return {}
        self.add(kind)
        return {"$ref": f"#/$defs/{kind}"}


def calls_of(export: Export) -> dict[str, Any]:
    """Of each path its verbs, and the parameters of reading it."""
    calls = {}
    for path, builder in CALLS.items():
        name = builder.rpartition(".")[2]
        lines = export.of(builder)
        asked = export.of(f"{builder}.{name}GetQueryParameters")
        names = [match[1] for line in asked if (match := re.search(r"\|public\|(\w+):", line))]
        verbs = [
            verb.upper() for verb in VERBS if any(f"|public|{verb}(" in line for line in lines)
        ]
        assert verbs, f"the wheel has no {builder}"
        parameters = [PARAMETERS.get(each, f"${each}") for each in names]
        calls[path] = {"verbs": verbs, "parameters": sorted(parameters)}
    return calls


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        export = Export(wheel.read(EXPORT).decode())
    schemas = Schemas(export)
    for model in MODELS:
        schemas.add(model)
    facts = {
        "source": Path(sys.argv[1]).name,
        "calls": calls_of(export),
        "schemas": dict(sorted(schemas.known.items())),
    }
    TARGET.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
