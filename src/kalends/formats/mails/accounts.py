"""Mail about accounts and webhook endpoints, for people who run an organization."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from kalends.formats.cleaning import one_line
from kalends.formats.mails.letters import Button, Content, LetterRow, Sentence
from kalends.formats.mails.messages import Message, write_message
from kalends.formats.mails.organization_mail import ReaderMail, letter_of
from kalends.formats.times import known_zone, moment_text
from kalends.translation import gettext, gettext_lazy, in_language


class AccountMailKind(StrEnum):
    PASSWORD_RESET = "password_reset"
    INVITATION = "invitation"


class DisabledReason(StrEnum):
    """Why a webhook endpoint was disabled."""

    FAILING = "failing"  # nothing but failures for five days
    GONE = "gone"  # it answered 410


class AccountMail(ReaderMail, frozen=True, kw_only=True):
    """A link for one user, which expires at `expires_at`.

    `invited_by` names who invites; it is only used in invitations.
    """

    kind: AccountMailKind
    link: str
    expires_at: datetime
    invited_by: str | None = None


class EndpointMail(ReaderMail, frozen=True, kw_only=True):
    """A webhook endpoint that was disabled. `error` is that of its last attempt."""

    endpoint_id: str
    url: str
    reason: DisabledReason
    failing_since: datetime | None = None
    error: str | None = None


_DISABLED: Final = {
    DisabledReason.FAILING: gettext_lazy(
        "Every call of this webhook endpoint of {organization} has failed for five days, so it "
        "was disabled."
    ),
    DisabledReason.GONE: gettext_lazy(
        "This webhook endpoint of {organization} answered that it is gone (410), so it was "
        "disabled."
    ),
}
_WAITING: Final = gettext_lazy(
    "Nothing is lost: what happens from now on waits for it. When it can be reached again, enable "
    "it, and it gets what waited."
)


def account_message(mail: AccountMail) -> Message:
    """The mail with a password reset or an invitation, in the user's language; deterministic."""
    with in_language(mail.language):
        return write_account_message(mail)


def write_account_message(mail: AccountMail) -> Message:
    """The mail in the language of the context."""
    return _write(mail, *_ACCOUNT_CONTENTS[mail.kind](mail))


def endpoint_disabled_message(mail: EndpointMail) -> Message:
    """The mail about a disabled webhook endpoint, in the admin's language."""
    with in_language(mail.language):
        return write_endpoint_message(mail)


def write_endpoint_message(mail: EndpointMail) -> Message:
    """The mail in the language of the context."""
    return _write(mail, *_disabled(mail))


def _disabled(mail: EndpointMail) -> tuple[str, Content]:
    organization = one_line(mail.organization_name)
    rows = (
        (gettext("Endpoint"), one_line(mail.url)),
        (gettext("Id"), mail.endpoint_id),
        (gettext("Failing since"), _moment(mail, mail.failing_since) if mail.failing_since else ""),
        (gettext("Disabled"), _moment(mail, mail.happened_at)),
        (gettext("Last answer"), one_line(mail.error or "")),
    )
    content = Content(
        heading=gettext("A webhook endpoint was disabled"),
        paragraphs=(
            Sentence(_DISABLED[mail.reason], {"organization": organization}),
            Sentence(_WAITING),
        ),
        rows=tuple(LetterRow(label, value) for label, value in rows if value),
    )
    subject = gettext(
        "A webhook endpoint of {organization} was disabled", organization=organization
    )
    return subject, content


def _password_reset(mail: AccountMail) -> tuple[str, Content]:
    opening = gettext_lazy("Somebody, you we hope, asked for a new password at {organization}.")
    content = Content(
        heading=gettext("Choose a new password"),
        paragraphs=(
            Sentence(opening, {"organization": one_line(mail.organization_name)}),
            Sentence(gettext_lazy("The link works once.")),
        ),
        rows=(_expiry(mail),),
        button=Button(gettext("Choose a new password"), mail.link),
        closing=(
            Sentence(
                gettext_lazy("If you did not ask for it, do nothing: your password stays as it is.")
            ),
        ),
    )
    return gettext("Choose a new password"), content


def _invitation(mail: AccountMail) -> tuple[str, Content]:
    organization = one_line(mail.organization_name)
    names = {"organization": organization, "who": one_line(mail.invited_by or "") or organization}
    opening = gettext_lazy(
        "{who} invites you to {organization} on Kalends, where its appointments are kept."
    )
    content = Content(
        heading=gettext("You are invited"),
        paragraphs=(Sentence(opening, names),),
        rows=(_expiry(mail),),
        button=Button(gettext("Accept the invitation"), mail.link),
        closing=(Sentence(gettext_lazy("If you do not know what this is about, do nothing.")),),
    )
    return gettext("Invitation to {organization}", organization=organization), content


def _expiry(mail: AccountMail) -> LetterRow:
    return LetterRow(gettext("The link works until"), _moment(mail, mail.expires_at))


def _moment(mail: AccountMail | EndpointMail, moment: datetime) -> str:
    return moment_text(moment, known_zone(mail.zone), mail.writing)


def _write(mail: AccountMail | EndpointMail, subject: str, content: Content) -> Message:
    return write_message(letter_of(mail, subject, content))


_ACCOUNT_CONTENTS: Final = {
    AccountMailKind.PASSWORD_RESET: _password_reset,
    AccountMailKind.INVITATION: _invitation,
}
