"""`If-Match` (RFC 9110 13.1.1): a change applies only to a version that its author has seen."""

from kalends.domain.errors import Stale

# The versions that the client accepts; None accepts any.
IfMatch = frozenset[int] | None


def check_version(version: int, if_match: IfMatch) -> None:
    """Raises Stale if the client has not seen this version."""
    if if_match is not None and version not in if_match:
        raise Stale(
            "This was changed since you read it (If-Match names another version). "
            "Read it again and repeat your change."
        )
