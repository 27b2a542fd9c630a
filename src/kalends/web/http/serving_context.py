"""What API and pages have in common: the use cases' context, and who may ask how much."""

from dataclasses import dataclass

from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateLimiter
from kalends.runtime.unit_of_work import Context
from kalends.web.http.sign_ins import SignInSessions


@dataclass(frozen=True)
class ServingContext:
    """What every request is admitted and served with."""

    context: Context
    keyring: Keyring
    limiter: RateLimiter
    sessions: SignInSessions
