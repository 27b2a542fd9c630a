"""The organization itself: its name, its address, its zone, and who is notified of bookings."""

from functools import partial
from typing import Final

from kalends.domain.access import Organization
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.rights import Right
from kalends.formats.colours import COLOURS
from kalends.formats.encoding import encode
from kalends.services import organizations, pictures
from kalends.web.api.organization import parse_changes
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import (
    Draft,
    check,
    draft_of_values,
    draft_with_faults,
)
from kalends.web.console.settings.forms.typed import YES, text_or_none
from kalends.web.http.locked_changes import lock_update
from kalends.web.pages import places
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.forms import FormFields
from kalends.web.pages.language_choices import language_choices

SECTION: Final = "settings"
PATH: Final = "/settings"


async def show(request: ConsoleRequest) -> PageAnswer:
    return _page(request, _draft_of(request.organization))


async def save(request: ConsoleRequest) -> PageAnswer:
    """The console moves with the organization's address."""
    typed = await request.form()
    try:
        changes = _read(typed)
        after = await request.change(
            lock_update(organizations.lock_organization, organizations.update_organization, changes)
        )
    except KalendsError as error:
        draft = draft_with_faults(typed, error)
        return _page(request, draft.at_fields(partial(_field_of, typed)))
    return redirect(f"/console/{after.slug}{PATH}?done=saved")


async def set_logo(request: ConsoleRequest) -> PageAnswer:
    """Takes the logo that was sent."""
    await request.form()
    content = request.page_request.files.get("logo", b"")
    try:
        picture = await pictures.read_logo(request.page_request.context, "logo", content)
    except Invalid as error:
        faults = draft_with_faults(_draft_of(request.organization).typed, error)
        return _page(request, faults)
    await request.change(pictures.set_logo, picture)
    return request.go(PATH, done="saved")


async def delete_logo(request: ConsoleRequest) -> PageAnswer:
    await request.form()
    await request.change(pictures.set_logo, None)
    return request.go(PATH, done="removed")


def _read(typed: FormFields) -> FieldChanges[Organization]:
    """Raises Invalid."""
    values = {name: typed.text(name) for name in ("name", "slug", "timezone")}
    is_ours = typed.text("accent_is_ours") == YES or not typed.text("accent_color")
    body = {
        **values,
        "notify_emails": _addresses_in(typed),
        "country": text_or_none(typed.text("country")),
        "locale": text_or_none(typed.text("locale")),
        "accent_color": None if is_ours else typed.text("accent_color"),
        "website": text_or_none(typed.text("website")),
        "staff_may_edit_hours": typed.text("staff_may_edit_hours") == YES,
    }
    check(body, parse_changes)
    return parse_changes(encode(body))


def _field_of(typed: FormFields, name: str) -> str:
    """The form's field for one of the API: the first address has one of its own."""
    if not name.startswith("notify_emails"):
        return name
    is_first = name.endswith((".0", "[0]")) and typed.text("notify_email")
    return "notify_email" if is_first else "more_notify_emails"


def _addresses_in(typed: FormFields) -> list[str]:
    lines = typed.text("notify_email"), *typed.text("more_notify_emails").splitlines()
    return [address for line in lines if (address := line.strip())]


def _draft_of(organization: Organization) -> Draft:
    o = organization
    return draft_of_values(
        {
            "name": o.name,
            "slug": o.slug,
            "timezone": o.timezone,
            "notify_email": next(iter(o.notify_emails), ""),
            "more_notify_emails": "\n".join(o.notify_emails[1:]),
            "country": o.country or "",
            "locale": o.locale or "",
            "accent_color": o.accent_color or COLOURS["light_accent"],
            "accent_is_ours": "" if o.accent_color else YES,
            "website": o.website or "",
            "staff_may_edit_hours": YES if o.staff_may_edit_hours else "",
        }
    )


def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    return request.page(
        "console/settings/organization.html",
        SECTION,
        draft.status,
        path=PATH,
        countries=places.countries(request.page_request.words_language),
        languages=language_choices(request.organization.locale),
        page_url=f"{request.page_request.origin}/",
        **draft.values(),
    )


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, show),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, save),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{PATH}/logo", set_logo),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{PATH}/logo/delete", delete_logo),
)
