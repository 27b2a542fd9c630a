"""What every mail in the name of an organization has in common: sender, look, zone, Message-ID."""

from typing import Any
from uuid import UUID

from msgspec import structs

from kalends.domain.access import Organization
from kalends.domain.ids import MAIL, encode_id, new_id
from kalends.formats.mails.organization_mail import ReaderMail
from kalends.formats.mails.page import MailLook
from kalends.runtime.phones import country_of
from kalends.runtime.unit_of_work import UnitOfWork


def message_id_of(mail_id: UUID, sender: str) -> str:
    """The mail's `Message-ID` (RFC 5322 3.6.4), in the sender's domain."""
    return f"<{encode_id(MAIL, mail_id)}@{sender.rpartition('@')[2]}>"


def mail_terms(
    work: UnitOfWork, organization: Organization, recipient: str, locale: str | None
) -> dict[str, Any]:
    """The fields of `ReaderMail` for a new message about something that happens now. `locale` is
    the reader's; None takes the organization's."""
    sender = work.context.gateways.sender
    terms = ReaderMail(
        message_id=message_id_of(new_id(), sender),
        organization_name=organization.name,
        sender=sender,
        recipient=recipient,
        happened_at=work.recorded_at,
        zone=organization.timezone,
        country=country_of(organization),
        look=MailLook(organization.accent_color),
        locale=locale or organization.locale,
    )
    return structs.asdict(terms)
