"""The user's language, in which the console and mails to the user are."""

from typing import Final

from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.language_tags import LanguageTag
from kalends.domain.rights import Right
from kalends.services.users import accounts
from kalends.services.users.accounts import AccountChanges
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields
from kalends.web.pages.language_choices import language_choices

PATH: Final = "/language"


async def show(request: ConsoleRequest) -> PageAnswer:
    return _page(request, Draft.of_values({"locale": request.account.user.locale or ""}))


async def save(request: ConsoleRequest) -> PageAnswer:
    typed = await request.form()
    try:
        changes = AccountChanges(locale=_locale_in(typed))
    except KalendsError as error:
        return _page(request, Draft.with_faults(typed, error))
    await request.change(accounts.update_account, request.user_id, changes)
    return request.go(PATH, done="saved")


def _locale_in(typed: FormFields) -> str | None:
    """Raises Invalid."""
    text = typed.text("locale")
    try:
        return LanguageTag.parse(text) if text else None
    except ValueError as error:
        raise Invalid.field("locale", str(error)) from None


def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    return request.page(
        "console/settings/language.html",
        "",
        draft.status,
        path=PATH,
        languages=language_choices(request.account.user.locale),
        **draft.values(),
    )


PAGES: Final = (
    console_route(Right.OWN_ACCOUNT, "GET", PATH, show),
    console_route(Right.OWN_ACCOUNT, "POST", PATH, save),
)
