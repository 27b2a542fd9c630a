"""The findings of `kalends doctor` about the secret: whether it opens all sealed values."""

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from kalends.cli.doctor_database import Finding
from kalends.runtime.deliveries import SECRET_PURPOSE
from kalends.runtime.sealing import Seal, SealBroken
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.accounts import logins
from kalends.services.video.openers import HOOK_PURPOSE, ZOOM_PURPOSE
from kalends.settings import Settings
from kalends.store.imports.names import KEY_PURPOSE
from kalends.store.sealed_values import SealedValue, list_sealed_values

PURPOSES: Final = {
    "webhook": SECRET_PURPOSE,
    "calendar": logins.PURPOSE,
    "calcom": KEY_PURPOSE,
    "zoom": ZOOM_PURPOSE,
    "video_hook": HOOK_PURPOSE,
}
NAMES: Final = {
    "webhook": "secrets of webhooks",
    "calendar": "sign-ins of calendars",
    "calcom": "keys of Cal.com",
    "zoom": "secrets of Zoom",
    "video_hook": "secrets of video services",
}
REMEDY: Final = (
    "put the one of before back and restart, or have each made anew (POST"
    " /api/v1/webhooks/ID/rotate-secret; connect calendars, Cal.com and video calls again)"
)


def of_the_secret(settings: Settings) -> Finding:
    """The finding about where the secret is stored."""
    if settings.secret:
        return Finding(True, "Secret: KALENDS_SECRET")
    path = settings.data_dir / "secret"
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        return Finding(not mode & 0o077, f"Secret {path}, mode {mode:04o} (0600 is needed)")
    if (settings.data_dir / "postgres").exists():
        return Finding(
            False,
            f"Secret {path}: missing, though there is data: put the saved one there; with another"
            " one, which is made now, nothing can be read that this one encrypted",
        )
    return Finding(True, f"Secret {path}: not there yet, `serve` makes it")


async def find_unopenable(context: Context) -> dict[str, tuple[int, int]]:
    """By kind, how many sealed values this KALENDS_SECRET does not open, and how many there are.
    Raises Unavailable."""
    async with context.database.connection() as tx:
        values = await list_sealed_values(tx)
    return count_unopenable(context.seal, values)


def count_unopenable(seal: Seal, values: Sequence[SealedValue]) -> dict[str, tuple[int, int]]:
    """The counts of `find_unopenable`, only for kinds of which some cannot be opened."""
    of_kind = Counter(value.kind for value in values)
    closed = Counter(value.kind for value in values if not _opens(seal, value))
    return {NAMES[kind]: (count, of_kind[kind]) for kind, count in closed.items()}


def of_what_is_sealed(unopenable: dict[str, tuple[int, int]]) -> Iterator[Finding]:
    if not unopenable:
        yield Finding(True, "Secret: opens what is stored")
        return
    counts = ", ".join(f"{count} of {of} {name}" for name, (count, of) in unopenable.items())
    yield Finding(False, f"Secret: {counts} were stored under another one: {REMEDY}")


def _opens(seal: Seal, value: SealedValue) -> bool:
    try:
        seal.open(value.sealed, PURPOSES[value.kind].format(value.id))
    except SealBroken:
        return False
    return True
