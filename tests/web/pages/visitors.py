"""A visitor without a browser: asks for pages, sends forms, reads what is in them."""

import html
import re
from typing import Any

import httpx

from tests.transport import PlainTransport
from tests.world import JSON, World

# Of each kind that a page shows in a way of its own.
QUESTIONS: list[JSON] = [
    {"key": "n", "label": "How many?", "type": "number", "required": True},
    {"key": "yes", "label": "Sure?", "type": "boolean", "required": True},
    {"key": "pick", "label": "Which?", "type": "select", "options": ["a", "b"]},
    {"key": "many", "label": "All?", "type": "multiselect", "options": ["x", "y"]},
    {"key": "mail", "label": "Mail?", "type": "email"},
    {"key": "why", "label": "Why?", "type": "textarea"},
]


class Browser(httpx.Client):
    """A client that sends what a browser without scripts would; it follows redirects."""

    def __init__(self, url: str, **headers: str) -> None:
        given = {"accept": "text/html", "accept-language": "en-US", **headers}
        super().__init__(
            base_url=url,
            headers=given,
            timeout=30,
            transport=PlainTransport(),
            follow_redirects=True,
        )

    def hold(self, path: str, start: str, **query: str) -> httpx.Response:
        """Chooses a time, and sees the form (or why not)."""
        return self.post(f"{path}/hold", data={"start": start}, params=query)

    def fill_in(self, form: httpx.Response, **typed: Any) -> httpx.Response:
        """Sends the form of the page with what is typed, beside what it has."""
        action = html.unescape(re.findall(r'<form method="post" action="([^"]+)"', form.text)[-1])
        named = {name.replace("__", "."): value for name, value in typed.items()}
        return self.post(action, data={**hidden_in(form), **named})

    def book(self, path: str, start: str, **typed: Any) -> httpx.Response:
        """From the time to the booking's own page."""
        form = self.hold(path, start)
        assert form.status_code == 200, form.text
        return self.fill_in(form, **{"name": "Ada", "email": "ada@example.com"} | typed)


def hidden_in(page: httpx.Response) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in fields}


def starts_in(page: httpx.Response) -> list[str]:
    """The times that the page offers."""
    return re.findall(r'name="start" value="([^"]+)"', page.text)


def text_of(page: httpx.Response) -> str:
    """What can be read, in one line."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>|<svg.*?</svg>", "", page.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def offered(world: World, **fields: Any) -> tuple[str, JSON]:
    """An event type on a schedule of its own, always open, and the path of its page."""
    schedule = fields.pop("schedule", None) or world.create_schedule(
        timezone=fields.pop("timezone", "UTC")
    )
    event_type = world.create_event_type(
        **{"schedule_id": schedule["id"], "requires_confirmation": False} | fields
    )
    return f"/{slug_of(world)}/{event_type['slug']}", event_type


def slug_of(world: World, sandbox: bool = False) -> str:
    client = world.sandbox if sandbox else world.api
    slug: str = client.get("/api/v1/organization").json()["data"]["slug"]
    return slug
