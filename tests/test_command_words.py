"""What commands say, `kalends doctor` first of all: what is wrong, and what to do about it."""

from datetime import UTC, datetime

import pytest

from kalends.cli import sentence_of
from kalends.cli.doctor import of_the_outbox, schema_finding
from kalends.services.job_queue import Outbox
from kalends.store.database_info import DatabaseInfo
from kalends.store.outbox.channel_health import ChannelHealth
from kalends.store.revisions import newest_revision


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [(None, "`kalends migrate`"), ("0001", "`kalends migrate`"), ("9999", "newer Kalends")],
)
def test_a_schema_that_does_not_fit_says_what_to_do(revision: str | None, remedy: str) -> None:
    finding = schema_finding(DatabaseInfo("18.6", 180006, "UTF8", revision))
    assert not finding.is_well
    assert remedy in finding.what


def test_the_schema_of_this_version_is_well() -> None:
    assert schema_finding(DatabaseInfo("18.6", 180006, "UTF8", newest_revision())).is_well


def test_a_mail_server_that_fails_is_told_with_its_setting() -> None:
    now = datetime(2026, 12, 1, 3, tzinfo=UTC)
    failing = ChannelHealth("mail", now, now, "the mail server refused the connection")
    outbox = Outbox(waiting=[], failing=[failing], failing_endpoints=[], given_up=[])
    wrong = [finding.what for finding in of_the_outbox(outbox) if not finding.is_well]
    assert len(wrong) == 1
    assert "refused the connection" in wrong[0]
    assert "KALENDS_SMTP_URL" in wrong[0]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TimeoutError(), "There was no answer in time."),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (ConnectionResetError("The connection broke."), "The connection broke."),
    ],
)
def test_what_the_system_refuses_is_never_an_empty_line(error: OSError, sentence: str) -> None:
    assert sentence_of(error) == sentence
