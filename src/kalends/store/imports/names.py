"""Names that imports use in the database.

All tables of imports have rows of one provider so far. A second one needs a migration that adds a
column for it; its jobs and seals get their own names by the same rule.
"""

from typing import Final

PROVIDER: Final = "calcom"
# The entrypoints of the jobs that continue a run, and that fetch what a hook names.
RUN_JOB: Final = f"{PROVIDER}.run"
HOOK_JOB: Final = f"{PROVIDER}.fetch"
# The purposes that secrets are sealed for.
KEY_PURPOSE: Final = f"{PROVIDER} key"
SECRET_PURPOSE: Final = f"{PROVIDER} webhook secret"
TOKEN_PURPOSE: Final = f"{PROVIDER} hook token"
