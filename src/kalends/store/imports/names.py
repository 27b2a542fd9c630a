"""Names of imports as they are stored.

All tables of imports hold one provider's, so far. A second one needs a migration that gives them a
column for it; its jobs and seals get names of their own by the same rule.
"""

from typing import Final

PROVIDER: Final = "calcom"
# Jobs in the queue.
RUN_JOB: Final = f"{PROVIDER}.run"
HOOK_JOB: Final = f"{PROVIDER}.fetch"
# What secrets are sealed for.
KEY_PURPOSE: Final = f"{PROVIDER} key"
SECRET_PURPOSE: Final = f"{PROVIDER} webhook secret"
TOKEN_PURPOSE: Final = f"{PROVIDER} hook token"
