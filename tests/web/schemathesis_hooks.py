"""Loaded by schemathesis: instants as they are booked, a key that stays, and less work for a call.

Its own instants are of the years 1 to 9999 and have fractions of a second: nearly all of them 422.
"""

import gc
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import schemathesis
from hypothesis import strategies

_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
# That of the run itself: when it was revoked, every call would be answered with 401 from then on.
_KEY_ID = os.environ["KEY_ID"]

# It would look for proxies, certificates and passwords in the environment at each call.
requests.Session.trust_env = property(lambda _: False, lambda _, __: None)  # type: ignore[assignment]
# Most of what it holds, such as the whole description, stays to the end.
gc.freeze()
gc.set_threshold(50_000, 20, 100)


def _instant_text(half_hours: int) -> str:
    return (_TODAY + timedelta(minutes=30 * half_hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


schemathesis.openapi.format("date-time", strategies.integers(0, 48 * 30).map(_instant_text))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Any, kwargs: Any) -> None:
    del context, kwargs
    if case.method == "DELETE" and case.path_parameters.get("id") == _KEY_ID:
        case.path_parameters["id"] = "key_of_nobody"
