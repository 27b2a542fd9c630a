"""What mails on behalf of an organization say of it, whatever they tell."""

from datetime import datetime
from typing import TypedDict

from kalends.domain.access import Organization
from kalends.domain.ids import MAIL, encode_id, new_id
from kalends.runtime.phones import country_of


class MailTerms(TypedDict):
    """The fields of an `OrganizationMail`."""

    message_id: str
    organization_name: str
    sender: str
    recipient: str
    happened_at: datetime
    zone: str
    country: str | None
    organization_accent: str | None


def mail_terms(
    organization: Organization, sender: str, recipient: str, happened_at: datetime
) -> MailTerms:
    """Of a new message."""
    return MailTerms(
        message_id=f"<{encode_id(MAIL, new_id())}@{sender.rpartition('@')[2]}>",
        organization_name=organization.name,
        sender=sender,
        recipient=recipient,
        happened_at=happened_at,
        zone=organization.timezone,
        country=country_of(organization),
        organization_accent=organization.accent_color,
    )
