"""The form of a message template: turned into the API's JSON, and filled in from a template."""

from typing import Any, Final

from kalends.domain import ids
from kalends.domain.changes import FieldChanges
from kalends.domain.message_template import MessageTemplate
from kalends.formats.encoding import encode
from kalends.runtime.mails.previews import PreviewRequest
from kalends.services.message_templates import NewTemplate
from kalends.web.api.message_templates import (
    CreateMessageTemplate,
    PreviewMessage,
    parse_changes,
    parse_new,
    parse_preview,
)
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.seen import SEEN_FIELDS, VERSION_FIELD
from kalends.web.console.settings.forms.typed import YES, text_or_none
from kalends.web.http.reading import read_body
from kalends.web.pages.forms import FormFields

ABOUT: Final = ("kind", "audience", "locale", "event_type_id")
WORDS: Final = ("subject", "body")


def new_draft(locale: str, event_type_id: str) -> Draft:
    """An empty form: for attendees' confirmations, in that language, for that event type or all."""
    about = {"locale": locale, "event_type_id": event_type_id}
    return Draft.of_values({"kind": "confirmed", "audience": "attendee", **about})


def draft_of(template: MessageTemplate) -> Draft:
    """The form filled in from the template."""
    t = template
    return Draft.of_values(
        {
            "kind": t.kind,
            "audience": t.audience,
            "locale": t.locale or "",
            "event_type_id": ids.encode_id_or_none(ids.EVENT_TYPE, t.event_type_id) or "",
            "subject": t.subject or "",
            "body": t.body or "",
            "is_off": YES if t.is_off else "",
            VERSION_FIELD: str(t.version),
        }
    )


def as_typed(form: FormFields) -> FormFields:
    """The form with line breaks of one character each, as browsers count them."""
    names = (*ABOUT, *WORDS, "is_off", *SEEN_FIELDS)
    values = {name: form.text(name).replace("\r\n", "\n") for name in names}
    return Draft.of_values(values).typed


def read_new(typed: FormFields) -> NewTemplate:
    """Raises Invalid, NotFound."""
    values = _about(typed) | _words(typed)
    return parse_new(read_body(encode(values), CreateMessageTemplate))


def read_changes(typed: FormFields) -> FieldChanges[MessageTemplate]:
    """The changed words; which mails they are for cannot change. Raises Invalid."""
    values = _words(typed)
    check(values, parse_changes)
    return parse_changes(encode(values))


def read_preview(typed: FormFields, about: dict[str, Any] | None = None) -> PreviewRequest:
    """The preview of the words as they are typed. Raises Invalid, NotFound."""
    words = {name: text_or_none(typed.text(name)) for name in WORDS}
    return parse_preview(read_body(encode((about or _about(typed)) | words), PreviewMessage))


def about_of(template: MessageTemplate) -> dict[str, Any]:
    """Which mails an existing template is for, as fields of the API."""
    return _about(draft_of(template).typed)


def _about(typed: FormFields) -> dict[str, Any]:
    required = {name: typed.text(name) for name in ("kind", "audience")}
    return required | {name: text_or_none(typed.text(name)) for name in ("locale", "event_type_id")}


def _words(typed: FormFields) -> dict[str, Any]:
    words: dict[str, Any] = {name: text_or_none(typed.text(name)) for name in WORDS}
    return words | {"is_off": typed.text("is_off") == YES}
