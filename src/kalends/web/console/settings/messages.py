"""Messages: the organization's own words in mail, with a preview and a test mail to oneself."""

from typing import Any, Final
from uuid import UUID

from kalends.domain import ids
from kalends.domain.errors import KalendsError
from kalends.domain.message_template import MessageTemplate, TemplateAudience, TemplateKind
from kalends.domain.placeholders import Placeholder
from kalends.domain.rights import Right
from kalends.runtime.mails.previews import Preview
from kalends.services import event_type_order, message_templates
from kalends.translation import language_for
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings import message_forms
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.editor import Editor
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.mail_frames import mail_in_frame, page_with_mail
from kalends.web.console.settings.message_forms import about_of, new_draft, read_preview
from kalends.web.pages import labels
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.language_choices import language_choices, name_of
from kalends.web.use_cases import MESSAGE_TEMPLATES

PATH: Final = "/messages"
LISTED: Final = 100
MOST_EVENT_TYPES: Final = 300


async def list_messages(request: ConsoleRequest) -> PageAnswer:
    listed, pager = await read_page(request, message_templates.list_templates, LISTED)
    names = await _event_type_names(request)
    return EDITOR.page_of_list(
        request,
        "console/settings/messages.html",
        listed,
        name_of_event_type=lambda one: names.get(one.event_type_id, ""),
        name_of_language=name_of,
        **pager,
    )


async def show_new(request: ConsoleRequest) -> PageAnswer:
    """The form of a new template, about the event type that the query names, if it does."""
    locale, about = language_for([request.organization.locale]), request.query.text("event_type")
    return await _form(request, None, new_draft(locale, about))


async def preview_new(request: ConsoleRequest) -> PageAnswer:
    """Shows the form as it was typed, and the mail that would come of it."""
    return await _previewed(request, None)


async def preview(request: ConsoleRequest) -> PageAnswer:
    """Like `preview_new`, for an existing template, which is not changed."""
    return await _previewed(request, await EDITOR.open(request))


async def send_test(request: ConsoleRequest) -> PageAnswer:
    """Sends a test mail to the signed-in user."""
    template = await EDITOR.open(request)
    await request.form()
    address = request.account.user.email
    await request.change(message_templates.try_template, template.id, address)
    return request.go(EDITOR.path_of(template), done="test-sent")


async def _previewed(request: ConsoleRequest, template: MessageTemplate | None) -> PageAnswer:
    typed = message_forms.as_typed(await request.form())
    try:
        preview_request = read_preview(typed, about_of(template) if template else None)
        preview = await request.read(message_templates.preview_template, preview_request)
    except KalendsError as error:
        return await _form(request, template, Draft.with_faults(typed, error))
    return await _form(request, template, Draft(typed), preview)


async def _form(
    request: ConsoleRequest,
    template: MessageTemplate | None,
    draft: Draft,
    shown: Preview | None = None,
) -> PageAnswer:
    names = await _event_type_names(request)
    mail = None if shown is None else mail_in_frame(shown, request.page_request.context)
    chosen = draft.typed.text("locale") or None
    page = EDITOR.page_about(
        request,
        "console/settings/message.html",
        template,
        status=draft.status,
        kinds=[(one, labels.MESSAGE_KINDS[one]) for one in TemplateKind],
        audiences=[(one, labels.MESSAGE_AUDIENCES[one]) for one in TemplateAudience],
        languages=language_choices(chosen),
        name_of_language=name_of,
        event_types=[(ids.encode_id(ids.EVENT_TYPE, id_), name) for id_, name in names.items()],
        name_of_event_type=names.get(template.event_type_id, "") if template else "",
        placeholders=list(Placeholder),
        shown=shown,
        mail=mail,
        **draft.values(),
    )
    return page_with_mail(page, mail)


async def _event_type_names(request: ConsoleRequest) -> dict[UUID | None, Any]:
    listed, _ = await request.read(
        event_type_order.list_event_types_in_order, limit=MOST_EVENT_TYPES, offset=0
    )
    return {one.id: one.name for one in listed}


EDITOR: Final = Editor(PATH, Right.CHANGE_SETTINGS, MESSAGE_TEMPLATES, message_forms, _form)
_TEMPLATE: Final = PATH + "/{message_template}"

PAGES: Final = (
    *EDITOR.pages(list_messages, show_new),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{PATH}/new/preview", preview_new),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{_TEMPLATE}/preview", preview),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{_TEMPLATE}/test", send_test),
)
