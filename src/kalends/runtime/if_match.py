"""`If-Match` (RFC 9110 13.1.1): a change is made to the version that its author saw, or not."""

from kalends.domain.errors import Stale

# The versions that the client accepts; None accepts any.
IfMatch = frozenset[int] | None


def check_version(version: int, if_match: IfMatch) -> None:
    """Raises Stale if the client saw another version."""
    if if_match is not None and version not in if_match:
        raise Stale(
            "This was changed since you read it (If-Match names another version). "
            "Read it again and repeat your change."
        )
