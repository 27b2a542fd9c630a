"""Hooks are hints: signed, then answered by asking Cal.com what holds."""

import json
import secrets
import time

import httpx
import pytest

from kalends.domain.tenant_tokens import key_of
from tests.calcom.conftest import Desk
from tests.conftest import run
from tests.fakes.calcom import SAMPLES, samples, signature

SECRET = "s3cret"
SIGNED = "x-cal-signature-256"


def send(url: str, body: bytes, signed: str | None) -> httpx.Response:
    headers = {"content-type": "application/json"} | ({SIGNED: signed} if signed else {})
    return httpx.post(url, content=body, headers=headers)


def wait_for(desk: Desk, status: str, count: int = 1) -> None:
    until = time.monotonic() + 90
    while len(desk.bookings(status=status)) != count:
        assert time.monotonic() < until, desk.bookings()
        time.sleep(0.1)


def test_a_hook_brings_its_booking_in(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    desk.calcom.book("two")
    body = desk.calcom.hook("one")
    assert send(url, body, signature(SECRET, body)).status_code == 200
    wait_for(desk, "CONFIRMED")
    assert desk.booking("one")["title"] != "Old news"


def test_the_sample_of_a_hook_is_taken(desk: Desk) -> None:
    sample = json.loads((SAMPLES / "webhook_booking_cancelled.json").read_text())
    url = desk.connect(webhookSecret=sample["secret_used"])["hookUrl"]
    desk.calcom.add(*samples("cancelled"))
    body = sample["raw_body"].encode()
    assert send(url, body, sample["headers"]["X-Cal-Signature-256"]).status_code == 200
    wait_for(desk, "CANCELLED")


def test_a_late_or_replayed_hook_imports_the_present_state(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    body = desk.calcom.hook("one")
    desk.calcom.cancel("one")
    for _ in range(5):
        assert send(url, body, signature(SECRET, body)).status_code == 200
    wait_for(desk, "CANCELLED")
    desk.sync()
    assert len(desk.events()) == 1


def test_a_flat_hook_is_understood(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    body = desk.calcom.hook("one", "MEETING_ENDED", flat=True)
    assert send(url, body, signature(SECRET, body)).status_code == 200
    wait_for(desk, "CONFIRMED")


def test_a_hook_about_a_move_moves_the_booking(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    desk.sync()
    id_ = desk.booking("one")["id"]
    desk.calcom.reschedule("one", "2031-05-01T10:00:00.000Z", "two")
    desk.calcom.reschedule("two", "2031-05-02T10:00:00.000Z", "three")
    body = desk.calcom.hook("three", "BOOKING_RESCHEDULED")
    send(url, body, signature(SECRET, body))
    until = time.monotonic() + 90
    while desk.bookings()[0]["start_time"] != "2031-05-02T10:00:00Z":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert [b["id"] for b in desk.bookings()] == [id_]
    assert desk.sync()["skips"] == []
    assert len(desk.events()) == 2


@pytest.mark.parametrize(
    "signed",
    [
        None,
        "",
        "no-secret-provided",
        "0" * 64,
        "é" * 3,
        signature("other", b"{}"),
        signature(SECRET, b'{"another": "body"}'),
    ],
)
def test_an_unsigned_or_wrong_hook_changes_nothing(desk: Desk, signed: str | None) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    headers = {SIGNED.encode(): signed.encode()} if signed is not None else {}
    answer = httpx.post(url, content=desk.calcom.hook("one"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert desk.jobs("calcom.fetch") == 0


def test_the_signature_is_of_the_body_as_it_came(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    body = desk.calcom.hook("one")
    assert send(url, body + b"\n", signature(SECRET, body)).status_code == 401
    spaced = body.replace(b":", b" : ", 1)
    assert send(url, spaced, signature(SECRET, spaced)).status_code == 200
    wait_for(desk, "CONFIRMED")


@pytest.mark.parametrize("signed", ["no-secret-provided", signature("", b"{}"), None])
def test_without_a_secret_hooks_are_refused(desk: Desk, signed: str | None) -> None:
    url = desk.connect()["hookUrl"]
    assert send(url, b"{}", signed).status_code == 401


def test_an_address_that_nobody_has_is_not_found(desk: Desk) -> None:
    answer = send(f"{desk.world.url}/hooks/calcom/nonsense", b"{}", signature(SECRET, b"{}"))
    assert answer.status_code == 404
    assert httpx.get(f"{desk.world.url}/hooks/calcom/nonsense").status_code == 405


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"payload": 5}', b"[" * 5000])
def test_a_signed_hook_that_names_nothing_is_taken_and_does_nothing(
    desk: Desk, body: bytes
) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    assert send(url, body, signature(SECRET, body)).status_code == 200
    assert desk.bookings() == []


def test_a_hook_about_what_is_gone_leaves_ours_alone(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    desk.calcom.book("one")
    desk.sync()
    desk.calcom.delete("one")
    body = desk.calcom.hook("one", "BOOKING_CANCELLED")
    assert send(url, body, signature(SECRET, body)).status_code == 200
    desk.wait_for_jobs("calcom.fetch")
    assert desk.booking("one")["status"] == "CONFIRMED"


def test_the_hook_of_one_organization_opens_no_other(desk: Desk) -> None:
    url = desk.connect(webhookSecret=SECRET)["hookUrl"]
    assert send(url, b"{}", signature("another", b"{}")).status_code == 401


def test_a_hook_of_the_release_before_is_taken(desk: Desk) -> None:
    url, _, token = desk.connect(webhookSecret=SECRET)["hookUrl"].rpartition("/")
    assert key_of(token).organization_id == desk.world.setup.organization_id
    old = secrets.token_urlsafe(24)
    run(
        desk.home,
        f"UPDATE calcom_connections SET hook_hash = sha256('{old}')"
        f" WHERE organization_id = '{desk.world.setup.organization_id}'",
    )
    assert send(f"{url}/{old}", b"{}", signature("another", b"{}")).status_code == 401
    assert send(f"{url}/{token}", b"{}", signature(SECRET, b"{}")).status_code == 404
