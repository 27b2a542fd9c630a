"""What API and pages are both served with: use-case context, API keys, rate limits, sessions."""

from dataclasses import dataclass

from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateLimiter
from kalends.runtime.unit_of_work import Context
from kalends.web.http.sign_ins import SignInSessions


@dataclass(frozen=True)
class ServingContext:
    """What every request needs to be admitted and served."""

    context: Context
    keyring: Keyring
    limiter: RateLimiter
    sessions: SignInSessions
