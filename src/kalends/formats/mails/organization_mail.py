"""The input that all mails on behalf of an organization have in common."""

from datetime import datetime

from babel import Locale
from msgspec import Struct

from kalends.formats.cleaning import one_line
from kalends.formats.locales import locale_for
from kalends.formats.mails.letters import Content
from kalends.formats.mails.messages import Letter
from kalends.formats.mails.page import MailLook
from kalends.formats.person import Person
from kalends.translation import current_language, language_for


class OrganizationMail(Struct, frozen=True, kw_only=True):
    """The input of each mail on behalf of an organization.

    `happened_at` is the time of what the mail is about. `zone` and `country` (ISO 3166-1 alpha-2,
    None if unknown) are the organization's, and decide how times are written. `look` is the
    organization's.
    """

    message_id: str
    organization_name: str
    sender: str
    recipient: str
    happened_at: datetime
    zone: str
    country: str | None = None
    look: MailLook = MailLook()


class ReaderMail(OrganizationMail, frozen=True, kw_only=True):
    """A mail for a reader of `locale` (BCP 47)."""

    locale: str | None = None

    @property
    def language(self) -> str:
        return language_for([self.locale])

    @property
    def writing(self) -> Locale:
        """The locale in which times are written, in the language of the context."""
        return locale_for(self.locale, current_language(), self.country)


def letter_of(mail: OrganizationMail, subject: str, content: Content) -> Letter:
    """A letter on behalf of the organization."""
    return Letter(
        message_id=mail.message_id,
        sender=Person(one_line(mail.organization_name), mail.sender),
        recipient=Person("", mail.recipient),
        subject=subject,
        written_at=mail.happened_at,
        content=content,
        look=mail.look,
    )
