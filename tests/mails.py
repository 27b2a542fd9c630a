"""Everybody's mail, as an installation without a mail server keeps it."""

import email
import email.policy
import re
import time
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from kalends.compose import Installation
from kalends.runtime.mails.writing import MAIL_PURPOSE
from tests.conftest import context_beside, fetch


@dataclass
class StoredMail:
    """Reads it behind the server's back."""

    home: Installation

    def rows(self, sql: str, *arguments: Any) -> list[Any]:
        return fetch(self.home, sql, *arguments)

    def to(self, recipient: str) -> list[tuple[str, EmailMessage]]:
        """Each with the id of the organization whose mailbox it is in."""
        rows = self.rows(
            "SELECT organization_id, message FROM mails WHERE recipient = $1 ORDER BY id",
            recipient,
        )
        seal = context_beside(self.home).seal
        return [
            (
                row[0],
                email.message_from_bytes(seal.open(row[1], MAIL_PURPOSE), policy=email.policy.SMTP),
            )
            for row in rows
        ]

    def links_to(self, recipient: str, expected: int = 1) -> list[str]:
        """The paths of the links in the mail to somebody, when there are so many."""
        until = time.monotonic() + 90
        while len(mails := self.to(recipient)) < expected:
            assert time.monotonic() < until, "no mail came"
            time.sleep(0.05)
        return [link_in(mail) for _, mail in mails]

    def wait_for_jobs(self) -> None:
        """Until every reset that was asked for has been looked at."""
        until = time.monotonic() + 90
        query = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'password reset'"
        while self.rows(query)[0][0]:
            assert time.monotonic() < until, "the job does not end"
            time.sleep(0.05)


def link_in(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    match = re.search(
        r"http://127\.0\.0\.1:\d+(/(?:password-reset|invitations)/\S+)", text.get_content()
    )
    assert match, text.get_content()
    return match[1]
