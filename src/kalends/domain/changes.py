"""The fields of a thing that a client wants changed."""

from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, structs

T = TypeVar("T", bound=Struct)


class FieldChanges(Generic[T]):
    """New values of some fields, each of which replaces the old value whole; the other fields
    stay."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def applied_to(self, thing: T) -> T:
        return structs.replace(thing, **self.values)


def values_to_change(body: Struct) -> dict[str, Any]:
    """The values of the request body that are set, by name, without those that are UNSET."""
    return {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
