"""The translations of an event type's texts: the list of languages, and the form of one."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from kalends.domain.changes import FieldChanges
from kalends.domain.errors import KalendsError, NotFound
from kalends.domain.event_type import EventType, EventTypeTexts, Question
from kalends.domain.language_tags import LanguageTag
from kalends.domain.rights import Right
from kalends.domain.translations import ORIGINAL, fitting
from kalends.formats.encoding import encode
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services import event_types
from kalends.web.api.event_type_texts import EventTypeTextsInput, translations_of
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.seen import VERSION_FIELD, Seen, digest_of, everything
from kalends.web.console.settings.forms.typed import text_or_none
from kalends.web.console.settings.offers.event_types import EDITOR
from kalends.web.http.reading import read_body
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.language_choices import language_choices, name_of

TAB: Final = "/languages"
TEMPLATE: Final = "console/settings/event-type-languages.html"


async def list_languages(request: ConsoleRequest) -> PageAnswer:
    """Lists the languages that have texts; if one was chosen, redirects to its form."""
    event_type = await EDITOR.open(request)
    if chosen := request.query.text("language"):
        return request.go(EDITOR.path_of(event_type, f"{TAB}/{_tag(chosen)}"))
    there = [(tag, name_of(tag)) for tag in event_type.translations]
    others = [one for one in language_choices(None) if one[0] not in event_type.translations]
    return EDITOR.page_about(
        request, TEMPLATE, event_type, TAB, there=there, others=others, language_of_texts=None
    )


async def show(request: ConsoleRequest) -> PageAnswer:
    event_type, tag = await EDITOR.open(request), _tag(request.path("language"))
    digest = digest_of(_stored(event_type, tag), everything)
    draft = draft_of(event_type, event_type.translations.get(tag, ORIGINAL))
    return _form(request, event_type, tag, draft.with_digest(digest))


async def save(request: ConsoleRequest) -> PageAnswer:
    """Saves the texts. An empty field means the original; a language without texts is removed."""
    event_type, tag = await EDITOR.open(request), _tag(request.path("language"))
    form = await request.form()
    typed = Draft.of_values({name: form.text(name).replace("\r\n", "\n") for name in form}).typed
    try:
        await _change(request, event_type, tag, form, partial(_read_texts, typed))
    except KalendsError as error:
        digest = digest_of(_stored(event_type, tag), everything)
        draft = Draft.with_faults(typed, error, event_type.version, digest)
        return _form(request, event_type, tag, draft.at_fields(_our_field))
    return request.go(EDITOR.path_of(event_type, TAB), done="saved")


async def remove(request: ConsoleRequest) -> PageAnswer:
    event_type, tag = await EDITOR.open(request), _tag(request.path("language"))
    form = await request.form()
    await _change(request, event_type, tag, form, lambda _: ORIGINAL)
    return request.go(EDITOR.path_of(event_type, TAB), done="removed")


def _others(event_type: EventType, tag: str) -> dict[str, EventTypeTexts]:
    """The texts of the other languages, without those that no longer fit the questions, which would
    prevent saving this one."""
    there = fitting(event_type.translations, event_type.questions)
    return {one: texts for one, texts in there.items() if one != tag}


async def _change(
    request: ConsoleRequest,
    event_type: EventType,
    tag: str,
    form: FormFields,
    read: Callable[[EventType], EventTypeTexts],
) -> None:
    """Changes the texts of one language to those that `read` finds. Raises Stale if somebody else
    has changed these, or the questions that they translate, since the form was rendered."""
    seen = Seen.read(form)

    async def change(work: UnitOfWork) -> EventType:
        locked = await event_types.lock_event_type(work, event_type.id, None)
        seen.check(locked.version, _stored(locked, tag), everything)
        texts = read(locked)
        written = _others(locked, tag) | ({} if texts == ORIGINAL else {tag: texts})
        changes = FieldChanges[EventType](translations=written)
        return await event_types.update_event_type(work, locked, changes)

    await request.change(change)


def _stored(event_type: EventType, tag: str) -> FormFields:
    """What the form of a language is rendered from: its texts, and the questions, whose options are
    translated by their places."""
    typed = draft_of(event_type, event_type.translations.get(tag, ORIGINAL)).typed
    questions = ("questions", encode(event_type.questions).decode())
    return FormFields([*typed.items(), questions])


def draft_of(event_type: EventType, texts: EventTypeTexts) -> Draft:
    """The form filled in from the texts; a field without a translation is empty."""
    values = {"name": texts.name or "", "description": texts.description or ""}
    for question in event_type.questions:
        own = texts.questions.get(question.key)
        values[f"questions.{question.key}.label"] = (own and own.label) or ""
        options = (own and own.options) or [""] * len(question.options or [])
        for number, option in enumerate(options):
            values[f"questions.{question.key}.options.{number}"] = option
    return Draft.of_values(values | {VERSION_FIELD: str(event_type.version)})


def _read_texts(typed: FormFields, event_type: EventType) -> EventTypeTexts:
    """Raises Invalid."""
    values = {
        "name": text_or_none(typed.text("name")),
        "description": text_or_none(typed.text("description")),
        "questions": {one.key: _read_question(typed, one) for one in event_type.questions},
    }
    body = read_body(encode(values), EventTypeTextsInput)
    # Any valid language tag would do here, as the form's own has been checked.
    return translations_of({"en": body})["en"]


def _read_question(typed: FormFields, question: Question) -> dict[str, Any]:
    """The texts of a question. If some of its options are translated, an empty one means the
    original."""
    name, options = f"questions.{question.key}", question.options or []
    chosen = [typed.text(f"{name}.options.{number}") for number in range(len(options))]
    own = [text or option for text, option in zip(chosen, options, strict=True)]
    return {
        "label": text_or_none(typed.text(f"{name}.label")),
        "options": own if any(chosen) else None,
    }


def _form(request: ConsoleRequest, event_type: EventType, tag: str, draft: Draft) -> PageAnswer:
    return EDITOR.page_about(
        request,
        TEMPLATE,
        event_type,
        TAB,
        draft.status,
        language_of_texts=tag,
        name_of_language=name_of(tag),
        is_there=tag in event_type.translations,
        **draft.values(),
    )


def _our_field(name: str) -> str:
    """The form's field for a field of the API, without the language that the API names."""
    return name.split(".", 2)[-1] if name.startswith("translations.") else name


def _tag(text: str) -> str:
    """The canonical language tag. Raises NotFound if the text is not one."""
    try:
        return str(LanguageTag.parse(text))
    except ValueError:
        raise NotFound("There is no such language.") from None


_EVENT_TYPE: Final = EDITOR.path + "/{event_type}" + TAB
_LANGUAGE: Final = _EVENT_TYPE + "/{language}"

PAGES: Final = (
    console_route(Right.SEE_EVENT_TYPES, "GET", _EVENT_TYPE, list_languages),
    console_route(Right.SEE_EVENT_TYPES, "GET", _LANGUAGE, show),
    console_route(Right.CHANGE_SETTINGS, "POST", _LANGUAGE, save),
    console_route(Right.CHANGE_SETTINGS, "POST", _LANGUAGE + "/delete", remove),
)
