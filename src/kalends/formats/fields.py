"""Makes the bodies of answers from things whose fields have the same names."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from kalends.domain.ids import encode_id_or_none


def fields_of(
    body: type[Struct], thing: Struct, prefixes: Mapping[str, str], **others: Any
) -> dict[str, Any]:
    """The fields of the body in their order, ready to encode. A value is that of `others` or else
    of the thing's field with that name; ids get their prefix."""

    def shown(name: str) -> Any:
        if name in others:
            return others[name]
        value = getattr(thing, name)
        return encode_id_or_none(prefixes[name], value) if name in prefixes else value

    return {name: shown(name) for name in body.__struct_fields__}
