"""To come."""

from typing import Final

from kalends.web.routes import Route

ROUTES: Final[tuple[Route, ...]] = ()
