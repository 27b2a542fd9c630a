"""Mail about accounts and webhook endpoints."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given

from kalends.formats.mails.accounts import (
    AccountMail,
    AccountMailKind,
    DisabledReason,
    EndpointMail,
    account_message,
    endpoint_disabled_message,
)
from kalends.formats.mails.messages import Message, message_as_text
from tests.formats.samples import CHANGED
from tests.formats.strategies import WITHOUT_HURRY, hostile


def account_mail(**changes: Any) -> AccountMail:
    values: dict[str, Any] = {
        "kind": AccountMailKind.INVITATION,
        "message_id": "ml_2@kalends.example",
        "recipient": "new@example.com",
        "sender": "kalends@praxis.example",
        "organization_name": "Praxis Müller",
        "link": "https://praxis.example/welcome/S3cret",
        "expires_at": CHANGED + timedelta(days=7),
        "happened_at": CHANGED,
        "zone": "Europe/Berlin",
        "invited_by": "boss@praxis.example",
    }
    return AccountMail(**(values | changes))


def endpoint_mail(**changes: Any) -> EndpointMail:
    values: dict[str, Any] = {
        "message_id": "ml_3@kalends.example",
        "recipient": "boss@praxis.example",
        "sender": "kalends@praxis.example",
        "organization_name": "Praxis Müller",
        "endpoint_id": "whe_1",
        "url": "https://crm.example/hook",
        "reason": DisabledReason.FAILING,
        "happened_at": CHANGED,
        "zone": "UTC",
        "failing_since": CHANGED - timedelta(days=5),
        "error": "503 Service Unavailable",
    }
    return EndpointMail(**(values | changes))


def parsed(message: Message) -> EmailMessage:
    read = message_from_bytes(message.content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not any(part.defects for part in read.walk())
    return read


def test_an_invitation_names_its_sender_and_expiry() -> None:
    message = account_message(account_mail())
    text = message_as_text(message.content)
    assert "Subject: Invitation to Praxis Müller\n" in text
    assert "boss@praxis.example invites you to Praxis Müller on Kalends" in text
    assert "https://praxis.example/welcome/S3cret\n" in text
    assert "until: Wednesday, 2 December 2026, 09:30 (Europe/Berlin, GMT+1)" in text
    types = [part.get_content_type() for part in parsed(message).walk()]
    assert types == ["multipart/alternative", "text/plain", "text/html"]


def test_a_password_reset_says_that_it_can_be_ignored() -> None:
    text = message_as_text(
        account_message(account_mail(kind=AccountMailKind.PASSWORD_RESET)).content
    )
    assert "Choose a new password:\nhttps://praxis.example/welcome/S3cret\n" in text
    assert "If you did not ask for it, do nothing" in text
    assert "boss@" not in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (DisabledReason.FAILING, "has failed for five days"),
        (DisabledReason.GONE, "answered that it is gone (410)"),
    ],
)
def test_a_disabled_endpoint_is_named_with_the_reason(reason: DisabledReason, words: str) -> None:
    text = message_as_text(endpoint_disabled_message(endpoint_mail(reason=reason)).content)
    assert words in text
    assert "Endpoint: https://crm.example/hook\n" in text
    assert "Failing since: Friday, 20 November 2026, 08:30 (UTC)\n" in text
    assert "Last answer: 503 Service Unavailable\n" in text


def test_a_retry_is_the_same_message() -> None:
    assert account_message(account_mail()) == account_message(account_mail())
    assert endpoint_disabled_message(endpoint_mail()) == endpoint_disabled_message(endpoint_mail())


@WITHOUT_HURRY
@given(hostile)
def test_no_name_adds_a_recipient_or_header(name: str) -> None:
    for message in (
        account_message(account_mail(organization_name=name, invited_by=name)),
        endpoint_disabled_message(endpoint_mail(organization_name=name, error=name)),
    ):
        read = parsed(message)
        assert [each.addr_spec for each in read["From"].addresses] == ["kalends@praxis.example"]
        assert len(read["To"].addresses) == 1
        assert len(list(read)) == 8
        assert read["Bcc"] is None
        page = read.get_body(("html",))
        assert page is not None
        assert "<img" not in page.get_content()
        assert "<script" not in page.get_content()
