"""What a client wants changed: a struct in which UNSET stays as it is."""

from typing import Any

from msgspec import UNSET, Struct, structs


def values_to_change(changes: Struct) -> dict[str, Any]:
    """The values that are given, by name: without those that are UNSET."""
    return {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
