"""How fields of the public JSON are described in OpenAPI."""

from typing import Any

from msgspec import Meta


def about(description: str, *examples: Any, **limits: Any) -> Meta:
    """What a field means, in Markdown; values that it may have; and the limits of `Meta`."""
    return Meta(description=description, examples=list(examples) or None, **limits)
