"""Where links in mail lead without `KALENDS_PUBLIC_URL`, and who mails any."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from kalends.compose import Installation
from kalends.domain.gateways import AddressUnknown, Gateways, link_to
from kalends.jobs.registry import JOBS, jobs_of
from tests.commands import run_kalends
from tests.conftest import PASSWORD, fetch, make_organization, run
from tests.forking import start_python
from tests.homes import BESIDE
from tests.mail.reading import event_in, text_of, to
from tests.servers import Server
from tests.smtp import PostOffice
from tests.world import World, plus, tomorrow_at


@pytest.fixture(scope="module")
def own_settings(own_office: PostOffice) -> dict[str, str]:
    return {"SMTP_URL": own_office.url}


@pytest.fixture(autouse=True)
def _empty(own_office: PostOffice) -> None:
    own_office.taken.clear()


def links_in(mail: EmailMessage) -> set[str]:
    """Where the links in text and invitation lead, but for their paths."""
    both = text_of(mail) + str(event_in(mail)["DESCRIPTION"])
    return {url[: url.index("/booking/")] for url in re.findall(r"http\S+/booking/", both)}


@pytest.mark.parametrize(("host", "workers"), [("127.0.0.1", 1), ("127.0.0.1", 2), ("0.0.0.0", 1)])
def test_links_lead_to_the_address_that_the_banner_shows(
    own_environment: dict[str, str],
    own_home: Installation,
    own_office: PostOffice,
    log_file: Path,
    host: str,
    workers: int,
) -> None:
    with Server(own_environment, log_file, host=host, workers=workers) as server:
        world = World(server.url, make_organization(own_home), PASSWORD)
        booking = world.book(world.create_schedule())
        (mail,) = to(own_office.wait_for(2), booking["attendee_email"])
        assert links_in(mail) == {server.url}
        assert f"Console  {server.url}/console" in log_file.read_text()
        answer = world.stranger.post("/password-reset", data={"email": world.setup.admin_email})
        assert answer.status_code == 303
        assert f"{server.url}/password-reset/" in text_of(own_office.wait_for(3)[-1])
        world.close()


@contextmanager
def working(environment: dict[str, str], log_file: Path) -> Iterator[None]:
    """`kalends worker` while the block lasts."""
    with log_file.open("ab") as log:
        words = ("-m", "kalends", "worker")
        process = start_python(*words, env={**os.environ, **environment}, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_until_planned_are_gone(home: Installation, organization: str) -> None:
    until = time.monotonic() + 90
    query = f"SELECT count(*) FROM reminders WHERE organization_id = '{organization}'"
    while fetch(home, query)[0][0]:
        assert time.monotonic() < until, "the worker does nothing"
        time.sleep(0.2)


def test_a_worker_without_the_address_says_so_and_leaves_mail_to_servers(
    own_environment: dict[str, str], own_home: Installation, own_office: PostOffice, tmp_path: Path
) -> None:
    with Server(own_environment, tmp_path / "first.log") as server:
        world = World(server.url, make_organization(own_home), PASSWORD)
        kind = world.create_event_type(
            schedule_id=world.create_schedule()["id"],
            requires_confirmation=False,
            reminders_minutes_before=[60],
        )
        start = plus(tomorrow_at(10), days=1)
        booking = world.book(None, start, event_type_id=kind["id"])
        own_office.wait_for(2)
        world.close()
    own_office.taken.clear()
    organization = str(world.setup.organization_id)
    run(
        own_home, f"UPDATE reminders SET remind_at = now() WHERE organization_id = '{organization}'"
    )
    log = tmp_path / "worker.log"
    with working(own_environment, log):
        wait_until_planned_are_gone(own_home, organization)
        assert "KALENDS_PUBLIC_URL" in log.read_text()
    assert own_office.taken == []
    with Server(own_environment, tmp_path / "second.log") as server:
        (mail,) = to(own_office.wait_for(2), booking["attendee_email"])
        assert links_in(mail) == {server.url}


def test_jobs_that_mail_links_need_the_address(own_home: Installation) -> None:
    context = own_home.context(BESIDE)
    assert JOBS.keys() - jobs_of(context).keys() == {"mail", "password reset"}


def test_no_link_is_made_without_an_address() -> None:
    with pytest.raises(AddressUnknown, match="KALENDS_PUBLIC_URL"):
        link_to(Gateways(), "/booking/x")


def test_an_invitation_by_command_needs_the_address(
    own_environment: dict[str, str], own_home: Installation
) -> None:
    words = ("users", "invite", "--organization", "x", "--email", "a@b.example")
    done = run_kalends(own_environment, *words)
    assert done.returncode != 0
    assert "KALENDS_PUBLIC_URL is not set" in done.stderr
