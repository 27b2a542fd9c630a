"""Messages in the console: own words are written, looked at, tried and deleted."""

import html
import re
from base64 import b64encode
from hashlib import sha256

import httpx

from tests.web.pages.settings.clerks import Clerk
from tests.world import JSON, World, tomorrow_at

API = "/api/v1/message-templates"
NEW = "/messages/new"
BODY = "We look **forward** to it, {attendee.name}."


def templates(world: World) -> list[JSON]:
    listed: list[JSON] = world.api.get(API).json()["data"]
    return listed


def test_own_words_are_written_tried_and_deleted(world: World) -> None:
    clerk = Clerk(world)
    saved = clerk.submit(NEW, kind="reminder", locale="de", subject="Bis bald", body=BODY)
    page = clerk.follow(saved)
    assert "The text is there" in page.text
    (made,) = templates(world)
    assert (made["kind"], made["locale"], made["body"]) == ("reminder", "de", BODY)
    assert "Bis bald" in clerk.open("/messages").text
    path = f"/messages/{made['id']}"
    clerk.follow(clerk.submit(path, body="Bis dann"))
    assert templates(world)[0]["body"] == "Bis dann"
    tried = clerk.follow(clerk.submit(f"{path}/test", path))
    assert "on its way to you" in tried.text
    assert "Bis bald" in clerk.open("/mail").text
    clerk.submit(f"{path}/delete", path)
    assert templates(world) == []


def test_a_preview_shows_the_mail_and_saves_nothing(world: World) -> None:
    clerk = Clerk(world)
    typed = clerk.fill_in(clerk.open(NEW), NEW, kind="confirmed", locale="fr", body=BODY)
    (made,) = templates(world)
    assert typed.status_code == 303
    path = f"/messages/{made['id']}"
    form = {"form_token": token_in(clerk), "subject": "Salut", "body": "*Vite*, {attendee.name}"}
    shown = clerk.post(f"{clerk.root}{path}/preview", data=form)
    mail = frame_in(shown)
    assert "<em>Vite</em>, <bdi>Ada Lovelace</bdi>" in mail
    assert '<html lang="fr"' in mail
    assert templates(world)[0]["subject"] is None


def test_what_is_wrong_is_said_at_its_field(world: World) -> None:
    clerk = Clerk(world)
    refused = clerk.submit(NEW, locale="en", body="{nothing}")
    assert refused.status_code == 422
    assert "There is no placeholder {nothing}." in refused.text
    assert "{nothing}</textarea>" in refused.text
    never = clerk.submit(NEW, kind="cancelled", is_off="yes")
    assert "it cannot be switched off" in never.text
    assert templates(world) == []


def test_a_script_in_a_preview_stays_text(world: World) -> None:
    clerk = Clerk(world)
    form = {"kind": "confirmed", "audience": "attendee", "locale": "en", "body": "<script>x"}
    form["form_token"] = token_in(clerk)
    shown = clerk.post(f"{clerk.root}{NEW}/preview", data=form)
    assert "&lt;script&gt;x" in frame_in(shown)
    assert "<script>x" not in frame_in(shown)


def test_a_preview_runs_nothing_and_has_no_styles_but_its_own(world: World) -> None:
    clerk = Clerk(world)
    form = {"form_token": token_in(clerk), "kind": "confirmed", "audience": "attendee"}
    before = clerk.open(NEW).headers["content-security-policy"]
    shown = clerk.post(f"{clerk.root}{NEW}/preview", data=form | {"locale": "en"})
    policy = shown.headers["content-security-policy"]
    styles = re.findall(r'style="([^"]*)"|<style>(.*?)</style>', frame_in(shown), re.DOTALL)
    digests = {sha256(html.unescape(a or b).encode()).digest() for a, b in styles}
    hashes = {f"'sha256-{b64encode(digest).decode()}'" for digest in digests}
    assert len(hashes) > 10
    allowed = policy.partition("style-src ")[2].partition(";")[0].split()
    assert set(allowed) == {"'self'", "'unsafe-hashes'", *hashes}
    assert policy.replace(" ".join(allowed), "'self'") == before


def frame_in(page: httpx.Response) -> str:
    """The mail in the frame, which may run nothing."""
    found = re.search(r'<iframe [^>]*sandbox="" srcdoc="([^"]*)"', page.text)
    assert found
    return html.unescape(found[1])


def token_in(clerk: Clerk) -> str:
    page = clerk.open(NEW).text
    start = page.index('name="form_token" value="') + len('name="form_token" value="')
    return page[start : page.index('"', start)]


def test_bookings_say_whether_the_attendee_is_notified(world: World) -> None:
    clerk, schedule = Clerk(world), world.create_schedule()
    clerk.submit(NEW, kind="confirmed", locale="", is_off="yes")
    event_type = world.create_event_type(
        schedule_id=schedule["id"], requires_confirmation=False, name="Cut"
    )
    form = {"form_token": token_in(clerk), "name": "Ada", "email": "ada@example.com"}
    form |= {"event_type": event_type["id"], "start": tomorrow_at(12)}
    made = clerk.follow(clerk.post(f"{clerk.root}/bookings/new", data=form))
    assert "The booking was made. No mail is sent about it." in made.text
    pending = world.book(schedule, tomorrow_at(10))
    form = {"form_token": token_in(clerk), "status": "CONFIRMED"}
    path = f"{clerk.root}/bookings/{pending['id']}/status"
    assert "confirmed. No mail is sent about it." in clerk.follow(clerk.post(path, data=form)).text


def test_nobody_is_said_to_be_notified_of_what_is_over(world: World) -> None:
    clerk, schedule = Clerk(world), world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"])
    form = {"form_token": token_in(clerk), "name": "Ada", "email": "ada@example.com"}
    form |= {"event_type": event_type["id"], "start": "2020-01-06T10:00:00Z"}
    made = clerk.follow(clerk.post(f"{clerk.root}/bookings/new", data=form))
    assert "The booking was made. No mail is sent about it." in made.text
