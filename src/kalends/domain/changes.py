"""What a client wants changed of a thing."""

from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, structs

T = TypeVar("T", bound=Struct)


class FieldChanges(Generic[T]):
    """What fields of a thing are to be, each whole; those that are not named stay as they are."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def applied_to(self, thing: T) -> T:
        return structs.replace(thing, **self.values)


def values_to_change(body: Struct) -> dict[str, Any]:
    """The values that are given, by name: without those that are UNSET."""
    return {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
