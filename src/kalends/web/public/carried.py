"""State that is carried from page to page in the URL: the chosen zone, whether the page is
embedded, and values for the form (`given.py`).

The server keeps no state for a visitor, and no page needs a cookie, as there are none in a frame on
another site.
"""

import re
from collections.abc import Sequence
from copy import copy
from typing import Final
from urllib.parse import urlencode

from kalends.availability.wallclock import Zone
from kalends.web.pages.clock_words import find_zone
from kalends.web.pages.forms import FormFields
from kalends.web.pages.request import PageRequest

# Set by our script: the time zone that the browser reports.
ZONE_COOKIE: Final = "kalends_zone"
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")


class Carried:
    """The parameters that every link and form of a page carries along; `given` are values for the
    booking form."""

    def __init__(
        self, request: PageRequest, form: FormFields, given: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.given = given
        self._values: dict[str, str] = {}
        self.chosen_zone = find_zone(form.get("timezone"))
        self.zone: Zone | None = self.chosen_zone or find_zone(request.cookie(ZONE_COOKIE))
        if self.chosen_zone is not None:
            self._values["timezone"] = self.chosen_zone.name
        if form.get("embed") == "1":
            self._values["embed"] = "1"
            host = next(filter(_ORIGIN.fullmatch, form.all_of("host")), None)
            if host is not None:
                self._values["host"] = host
        named = [form.get("with", ""), *form.all_of("host")]
        self._carry_host(next(filter(_SLUG.fullmatch, named), None))

    def _carry_host(self, slug: str | None) -> None:
        """Carries the slug of the chosen host. In an embedded page its parameter is `with`, as
        `host` names the page that embeds it."""
        self.host_slug = slug
        self._values.pop("with", None)
        if not self.host:
            self._values.pop("host", None)
        if slug is not None:
            self._values["with" if self.host else "host"] = slug
        self._query = urlencode([*self._values.items(), *self.given])

    def with_host(self, slug: str | None) -> "Carried":
        """The same parameters with another host; None means any."""
        other = copy(self)
        other._values = dict(self._values)
        other._carry_host(slug)
        return other

    def without_given(self) -> "Carried":
        """The same parameters for pages about the booking, which have no booking form."""
        other = copy(self)
        other.given = ()
        other._query = urlencode(self._values)
        return other

    @property
    def host(self) -> str:
        """The origin of the page that embeds this one, which gets messages about what happens."""
        host = self._values.get("host", "")
        return host if _ORIGIN.fullmatch(host) else ""

    def to(self, path: str, **parameters: str | None) -> str:
        """The URL of a page with the carried parameters."""
        filled = {name: value for name, value in parameters.items() if value}
        query = "&".join(filter(None, (self._query, urlencode(filled) if filled else "")))
        return f"{path}?{query}" if query else path

    def fields(self, **more: str | None) -> dict[str, list[str]]:
        """The hidden fields by which a form carries the parameters: the values of each name."""
        fields: dict[str, list[str]] = {}
        for name, value in (*self._values.items(), *self.given, *more.items()):
            if value:
                fields.setdefault(name, []).append(value)
        return fields
