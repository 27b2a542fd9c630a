"""The public JSON of an organization's own words in mail."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.message_template import MessageTemplate, TemplateAudience, TemplateKind
from kalends.formats.described import about
from kalends.formats.fields import fields_of


class MessageTemplateBody(Struct, frozen=True):
    """An organization's own words for one kind of mail."""

    id: Annotated[str, Meta(examples=["mtp_0352lF5NnllfIJ66lPpfc3"])]
    kind: TemplateKind
    audience: TemplateAudience
    locale: Annotated[
        str | None, about("The language (BCP 47) of its words; null is every language.", "de")
    ]
    event_type_id: Annotated[str | None, about("The event type that it is for; null is all.")]
    subject: Annotated[str | None, about("The subject; null is the standard one.")]
    body: Annotated[str | None, about("The text, in Markdown; null is the standard one.")]
    is_off: Annotated[bool, about("Whether these mails are not sent.")]
    created_at: datetime
    updated_at: datetime


class MessagePreviewBody(Struct, frozen=True):
    """A mail as it would be sent."""

    subject: str
    text: str
    html: str


class MessageTestBody(Struct, frozen=True):
    """The address that it was sent to."""

    to: str


def show_template(template: MessageTemplate) -> dict[str, Any]:
    """The fields of `MessageTemplateBody`, ready to encode."""
    prefixes = {"id": ids.MESSAGE_TEMPLATE, "event_type_id": ids.EVENT_TYPE}
    return fields_of(MessageTemplateBody, template, prefixes)
