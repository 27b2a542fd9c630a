"""The headers that show a client where it stands with its rate limit."""

from kalends.runtime.rate_limits import RateWindow


def limit_headers(window: RateWindow) -> dict[str, str]:
    """`X-RateLimit-Reset` is in Unix seconds."""
    return {
        "x-ratelimit-limit": str(window.limit),
        "x-ratelimit-remaining": str(window.remaining),
        "x-ratelimit-reset": str(window.resets_at),
    }
