"""What goes along from page to page in the URL: the chosen zone, and that the page is embedded.

Nothing is kept on the server for a visitor, and no page needs a cookie: in a frame on another
site there are none.
"""

import re
from typing import Final
from urllib.parse import urlencode

from kalends.availability.wallclock import Zone
from kalends.web.pages.clock_words import find_zone
from kalends.web.pages.forms import FormFields
from kalends.web.pages.request import PageRequest

# Written by our script: where the browser says that its visitor is.
ZONE_COOKIE: Final = "kalends_zone"
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")


class Carried:
    """The parameters that every link and form of a page takes along."""

    def __init__(self, request: PageRequest, given: FormFields) -> None:
        self._values: dict[str, str] = {}
        self.chosen_zone = find_zone(given.get("timezone"))
        self.zone: Zone | None = self.chosen_zone or find_zone(request.cookie(ZONE_COOKIE))
        if self.chosen_zone is not None:
            self._values["timezone"] = self.chosen_zone.name
        if given.get("embed") == "1":
            self._values["embed"] = "1"
            host = given.get("host", "")
            if _ORIGIN.fullmatch(host):
                self._values["host"] = host
        self._query = urlencode(self._values)

    @property
    def host(self) -> str:
        """The origin of the page that embeds this one, which is informed of what happens here."""
        return self._values.get("host", "")

    def to(self, path: str, **parameters: str | None) -> str:
        """The URL of a page, with what is carried."""
        given = {name: value for name, value in parameters.items() if value}
        query = "&".join(filter(None, (self._query, urlencode(given) if given else "")))
        return f"{path}?{query}" if query else path

    def fields(self, **more: str | None) -> dict[str, str]:
        """What a form takes along in hidden fields."""
        return self._values | {name: value for name, value in more.items() if value}
