"""A signed-in user without a browser: opens pages of the console and sends their forms."""

import html
import re
from collections.abc import Callable
from typing import Any

import httpx

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.services.setup import add_user
from kalends.web.http.sign_ins import SESSION_COOKIE
from tests.conftest import PASSWORD, beside
from tests.web.pages.visitors import Browser, slug_of
from tests.world import World


class SignedInBrowser(Browser):
    """Signed in, at the desk of one organization."""

    def __init__(self, world: World, email: str = "", slug: str = "") -> None:
        super().__init__(world.url)
        self.email = email or world.setup.admin_email
        self.slug = slug or slug_of(world)
        self._tokens: dict[str | None, str] = {}
        # Not by the form: it leads to the calendar, which takes six times as long.
        typed = {"email": self.email, "password": PASSWORD}
        answer = self.post("/api/auth/login", json=typed)
        assert answer.status_code == 200, answer.text

    def sign_in(self, password: str, to: str = "") -> httpx.Response:
        data = {"email": self.email, "password": password}
        return self.post("/console/sign-in", data=data, params={"next": to} if to else None)

    def open(self, path: str, **query: Any) -> httpx.Response:
        """A page below that of the organization."""
        return self.get(f"/console/{self.slug}{path}", params=query or None)

    def submit(self, path: str, **fields: Any) -> httpx.Response:
        """A form, with the token of a page of this session."""
        data = {"form_token": self.token, **fields}
        return self.post(f"/console/{self.slug}{path}", data=data)

    @property
    def token(self) -> str:
        """That of the forms of this session."""
        session = self.cookies.get(SESSION_COOKIE)
        if session not in self._tokens:
            page = self.get("/console")
            match = re.search(r'name="form_token" value="([^"]+)"', page.text)
            assert match, page.text
            self._tokens[session] = html.unescape(match[1])
        return self._tokens[session]


SignIn = Callable[..., SignedInBrowser]
"""Signs somebody in to a world, its admin by default."""


def make_user(home: Installation, world: World, email: str, role: Role) -> None:
    """Gives somebody a role in the organization and its sandbox."""
    named = encode_id(ORGANIZATION, world.setup.organization_id)
    beside(home, lambda context: add_user(context, named, email, PASSWORD, role))


def problem_in(page: httpx.Response) -> str:
    """Why something was not done, as the page says it."""
    match = re.search(r'id="problem"[^>]*>(.*?)</div>', page.text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", match[1])).strip() if match else ""
