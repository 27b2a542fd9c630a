"""Bodies of answers out of things whose fields have the same names."""

from typing import Any

from msgspec import Struct


def fields_of(body: type[Struct], thing: Struct, **others: Any) -> dict[str, Any]:
    """The fields of the body in their order, ready to encode: what `others` say, and else what the
    thing has under that name."""
    return {
        name: others[name] if name in others else getattr(thing, name)
        for name in body.__struct_fields__
    }
