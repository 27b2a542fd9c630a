"""Builds the ASGI application of one server process: API and pages, with the jobs beside them.

It is apart from `compose.py` because commands need none of it and it is slow to import.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any, Final

from starlette.types import ASGIApp

from kalends.compose import Installation, running_jobs
from kalends.domain.errors import Unavailable
from kalends.runtime.keyring import Keyring
from kalends.runtime.rate_limits import RateLimiter
from kalends.services.outbox_figures import KeptFigures
from kalends.store.database import Database, RunAgain
from kalends.web.app import build_app
from kalends.web.http.endpoint import ApiContext
from kalends.web.http.health import Checks
from kalends.web.http.protocol import REFUSALS
from kalends.web.http.sign_ins import SignInSessions
from kalends.web.pages.request import PageLimits
from kalends.web.pages.zone_list import load_zones

SHARE_LIMITS_EVERY_SECONDS: Final = 0.5
# Jobs share the event loop with requests, so a server runs few at a time.
JOBS_AT_ONCE_IN_A_SERVER: Final = 8


def application(home: Installation) -> ASGIApp:
    """The ASGI application of one process."""
    settings = home.settings
    context = home.context()
    limiter = RateLimiter()
    api_context = ApiContext(
        context=context,
        keyring=Keyring(context.database),
        limiter=limiter,
        sessions=SignInSessions(context, settings.public_url, settings.rate_limit_sign_in),
        read_limit=settings.rate_limit_read,
        write_limit=settings.rate_limit_write,
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[Mapping[str, Any]]:
        await asyncio.to_thread(load_zones)
        freeze_garbage_collector()
        sharing = asyncio.create_task(_share_limits(limiter, context.database))
        try:
            async with running_jobs(home, context, JOBS_AT_ONCE_IN_A_SERVER):
                yield {REFUSALS: api_context.refusals}
        finally:
            sharing.cancel()
            with suppress(asyncio.CancelledError):
                await sharing
            await context.close()

    async def ready() -> None:
        async with context.database.connection() as tx:
            await tx.execute("SELECT 1")

    facts = {"tzdata": version("tzdata")}
    limits = PageLimits(settings.rate_limit_page_address, settings.rate_limit_page_schedule)
    checks = Checks(ready, KeptFigures(context).read, facts, settings.metrics)
    return build_app(api_context, limits, lifespan, checks)


def freeze_garbage_collector() -> None:
    """Exempts from garbage collection all objects that exist now: modules, tables, templates and
    zones live as long as the process. A full pass over them took 60 ms, which delayed requests."""
    gc.collect()
    gc.freeze()


async def _share_limits(limiter: RateLimiter, database: Database) -> None:
    while True:
        await asyncio.sleep(SHARE_LIMITS_EVERY_SECONDS)
        with suppress(Unavailable, RunAgain):
            await limiter.share(database)
