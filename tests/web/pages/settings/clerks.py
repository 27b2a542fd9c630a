"""A signed-in user without a browser: opens pages of the console, fills in their forms."""

import html
import re
import uuid
from typing import Any

import httpx

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.services.setup import add_user
from tests import conftest
from tests.transport import PlainTransport
from tests.web.pages.visitors import slug_of
from tests.world import World

Typed = dict[str, str | list[str]]


class Clerk(httpx.Client):
    """Sends what a browser without scripts would: a whole form, with what is typed over it."""

    def __init__(self, world: World, email: str | None = None, *, sandbox: bool = False) -> None:
        accepted = {"accept": "text/html"}
        transport = PlainTransport()
        super().__init__(base_url=world.url, headers=accepted, timeout=30, transport=transport)
        self.email = email or world.setup.admin_email
        self.root = f"/console/{slug_of(world, sandbox)}"
        given = {"email": self.email, "password": conftest.PASSWORD}
        assert self.post("/api/auth/login", json=given).status_code == 200

    def open(self, path: str, **query: str) -> httpx.Response:
        return self.get(self.root + path, params=query or None)

    def submit(self, path: str, page: str | None = None, **typed: Any) -> httpx.Response:
        """Sends the form of that path on a page (its own by default), with what it
        has, but for what is typed; dots are double underscores. Does not follow redirects."""
        form_page = self.open(path if page is None else page)
        return self.fill_in(form_page, path, **typed)

    def fill_in(self, page: httpx.Response, path: str, **typed: Any) -> httpx.Response:
        assert page.status_code < 500, page.text
        fields: Typed = fields_in(page, self.root + path)
        fields |= {name.replace("__", "."): value for name, value in typed.items()}
        return self.post(self.root + path, data=fields)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])


def rows(name: str, *typed: dict[str, Any]) -> dict[str, Any]:
    """Rows of a form, as they are typed, for `submit`."""
    return {
        f"{name}__{number}__{part}": text
        for number, row in enumerate(typed)
        for part, text in row.items()
    }


def clerk_of(home: Installation, world: World, role: Role) -> Clerk:
    """A user of the world with that role."""
    email = f"{role}-{uuid.uuid4().hex[:8]}@example.test"
    named = encode_id(ORGANIZATION, world.setup.organization_id)

    conftest.beside(home, lambda context: add_user(context, named, email, conftest.PASSWORD, role))
    return Clerk(world, email)


def fields_in(page: httpx.Response, action: str) -> Typed:
    """What a browser would send of the form with that action, if nothing is touched."""
    pattern = rf'<form method="post" action="{re.escape(action)}".*?</form>'
    match = re.search(pattern, page.text, re.DOTALL)
    assert match, f"no form {action} in {page.text}"
    form = match[0]
    fields: dict[str, list[str]] = {}
    pairs = []
    for tag in re.findall(r"<input [^>]*>", form):
        values = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if values.get("type") == "checkbox" and " checked" not in tag:
            continue
        if "name" in values:
            pairs.append((values["name"], values.get("value", "")))
    for name, text in re.findall(
        r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL
    ):
        pairs.append((name, text))
    for name, options in re.findall(
        r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.findall(r'<option value="([^"]*)"[^>]* selected', options)
        pairs.append((name, (chosen or re.findall(r'<option value="([^"]*)"', options))[0]))
    for name, value in pairs:
        fields.setdefault(name, []).append(html.unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}
