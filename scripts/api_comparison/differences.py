"""What differs between two documents or two recorded tours, and of which kind it is. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

JSON = Any
_REF: Final = "$ref"
_COMPONENTS: Final = "#/components/schemas/"
# Texts for people, by the key that they stand under.
_SENTENCES_OF_ANSWERS: Final = frozenset({"error", "message", "detail", "disabled_reason"})
_SENTENCES_OF_OPENAPI: Final = _SENTENCES_OF_ANSWERS | {"description", "summary"}
_MISSING: Final = object()


class Kind(StrEnum):
    SENTENCE = "sentence"
    COMPONENT = "name of a component"
    OTHER = "other"


@dataclass(frozen=True)
class Difference:
    """`where` is the path to it, `before` and `after` what stands there, as Python shows it."""

    kind: Kind
    where: str
    before: str
    after: str


def compare_openapi(before: JSON, after: JSON) -> list[Difference]:
    """The differences of two OpenAPI documents. Components are compared where they are used:
    another name is a difference by itself, and what stands under it is compared all the same."""
    comparison = _OpenApi(before, after)
    differences = list(
        comparison.differences(_without_components(before), _without_components(after))
    )
    return list(dict.fromkeys([*differences, *comparison.unused()]))


def compare_answers(where: str, before: JSON, after: JSON) -> list[Difference]:
    """The differences of two recorded answers, the order of their fields included."""
    return list(_Answers().between(before, after, where))


class _Answers:
    sentences: frozenset[str] = _SENTENCES_OF_ANSWERS
    # Whether the order of an object's fields is a part of what is compared.
    is_ordered = True

    def between(self, before: JSON, after: JSON, where: str) -> Iterator[Difference]:
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._objects(before, after, where)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(before, after, where)
        elif type(before) is not type(after) or before != after:
            yield Difference(self._kind(where, before, after), where, _show(before), _show(after))

    def _objects(
        self, before: Mapping[str, JSON], after: Mapping[str, JSON], where: str
    ) -> Iterator[Difference]:
        for name in dict.fromkeys([*before, *after]):
            yield from self.between(
                before.get(name, _MISSING), after.get(name, _MISSING), f"{where}/{name}"
            )
        if self.is_ordered and before.keys() == after.keys() and [*before] != [*after]:
            yield Difference(Kind.OTHER, f"{where} (order)", _show([*before]), _show([*after]))

    def _lists(
        self, before: Sequence[JSON], after: Sequence[JSON], where: str
    ) -> Iterator[Difference]:
        for number in range(max(len(before), len(after))):
            yield from self.between(_at(before, number), _at(after, number), f"{where}/{number}")

    def _kind(self, where: str, before: JSON, after: JSON) -> Kind:
        are_texts = isinstance(before, str) and isinstance(after, str)
        is_sentence = where.rpartition("/")[2] in self.sentences
        return Kind.SENTENCE if are_texts and is_sentence else Kind.OTHER


@dataclass
class _OpenApi(_Answers):
    before: JSON
    after: JSON
    _seen: set[tuple[str, str]] = field(default_factory=set)
    sentences = _SENTENCES_OF_OPENAPI
    is_ordered = False

    def differences(self, before: JSON, after: JSON) -> Iterator[Difference]:
        return self.between(before, after, "")

    def between(self, before: JSON, after: JSON, where: str) -> Iterator[Difference]:
        names = _component(before), _component(after)
        if names[0] is None or names[1] is None:
            yield from super().between(before, after, where)
            return
        if names[0] != names[1]:
            yield Difference(Kind.COMPONENT, "components", names[0], names[1])
        if names not in self._seen:
            self._seen.add((names[0], names[1]))
            yield from super().between(
                _named(self.before, names[0]), _named(self.after, names[1]), f"<{names[0]}>"
            )

    def unused(self) -> Iterator[Difference]:
        """The components that nothing leads to, in one of the documents or both."""
        reached = [{pair[number] for pair in self._seen} for number in (0, 1)]
        left = [_schemas(self.before).keys() - reached[0], _schemas(self.after).keys() - reached[1]]
        for name in sorted(left[0] | left[1]):
            sides = [_schemas(document).get(name, _MISSING) for document in self._documents]
            yield from super().between(sides[0], sides[1], f"<{name}>")

    @property
    def _documents(self) -> tuple[JSON, JSON]:
        return self.before, self.after

    def _kind(self, where: str, before: JSON, after: JSON) -> Kind:
        is_title = where.startswith("<") and where.count("/") == 1 and where.endswith("/title")
        if is_title and isinstance(before, str) and isinstance(after, str):
            return Kind.COMPONENT
        return super()._kind(where, before, after)


def _component(value: JSON) -> str | None:
    """The component that a reference names, if it is one."""
    if not isinstance(value, Mapping) or not str(value.get(_REF, "")).startswith(_COMPONENTS):
        return None
    return str(value[_REF]).removeprefix(_COMPONENTS)


def _schemas(document: JSON) -> Mapping[str, JSON]:
    schemas: Mapping[str, JSON] = document.get("components", {}).get("schemas", {})
    return schemas


def _named(document: JSON, name: str) -> JSON:
    return _schemas(document).get(name, _MISSING)


def _without_components(document: JSON) -> JSON:
    """The document without its schemas, which are compared where they are used."""
    components = {k: v for k, v in document.get("components", {}).items() if k != "schemas"}
    return {**document, "components": components}


def _at(values: Sequence[JSON], number: int) -> JSON:
    return values[number] if number < len(values) else _MISSING


def _show(value: JSON) -> str:
    return "(nothing)" if value is _MISSING else repr(value)
