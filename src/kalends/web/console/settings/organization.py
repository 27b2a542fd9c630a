"""The organization itself, in sections that are saved separately: names, looks, language and time
zone, who is notified of bookings, what staff may do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from kalends.domain.access import Organization
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.rights import Right
from kalends.formats.colours import COLOURS
from kalends.formats.encoding import encode
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services import organizations, pictures
from kalends.web.api.organization import parse_changes
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.seen import (
    SEEN_FIELDS,
    VERSION_FIELD,
    Seen,
    digest_of,
)
from kalends.web.console.settings.forms.typed import YES, text_or_none
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.pages import places
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.forms import FormFields
from kalends.web.pages.language_choices import language_choices
from kalends.web.pages.routes import PageRoute

PATH: Final = "/settings"
LOGO: Final = f"{PATH}/logo"


@dataclass(frozen=True)
class SettingsSection:
    """A section with a form of its own. `key` is that of its tab, `fields` are the form's, and
    `read` turns what is typed into fields of the API. The first section keeps the path `/settings`.
    """

    key: str
    fields: frozenset[str]
    read: Callable[[FormFields], Mapping[str, Any]]

    @property
    def path(self) -> str:
        return PATH if self.key == "settings" else f"{PATH}/{self.key}"

    async def show(self, request: ConsoleRequest) -> PageAnswer:
        return self.page(request, _draft_of(request.organization).in_section(self.is_shown))

    def is_shown(self, field: str) -> bool:
        return field in self.fields

    async def save(self, request: ConsoleRequest) -> PageAnswer:
        """Saves the section, if the organization is still the version that the form was rendered
        from. If its slug has changed, the browser is sent to the console's new URL."""
        typed = await request.form()
        lock = partial(self.lock, Seen.read(typed))
        parse, update = partial(self.parse, typed), organizations.update_organization
        try:
            after = await request.change(lock_parse_update(lock, parse, update))
        except KalendsError as error:
            before = request.organization
            digest = digest_of(_draft_of(before).typed, self.is_shown)
            draft = Draft.with_faults(_known(typed), error, before.version, digest)
            carried = draft.beyond(self.is_shown)
            return self.page(request, draft.at_fields(partial(_field_of, typed)), carried)
        return redirect(f"/console/{after.slug}{self.path}?done=saved")

    async def lock(self, seen: Seen, work: UnitOfWork) -> Organization:
        """Raises Stale if a field of the section is not as its form showed it."""
        locked = await organizations.lock_organization(work, None)
        seen.check(locked.version, _draft_of(locked).typed, self.is_shown)
        return locked

    def parse(self, typed: FormFields) -> FieldChanges[Organization]:
        """The changes in the form. A page of the previous release has all sections in one form,
        which sends nothing for its only checkbox if that is not ticked. Raises Invalid."""
        others = [section for section in SECTIONS if section is not self]
        sent = [section for section in others if not section.fields.isdisjoint(typed)]
        sections = {self, STAFF, *sent} if sent else {self}
        values: dict[str, Any] = {}
        for section in sections:
            values |= section.read(typed)
        check(values, parse_changes)
        return parse_changes(encode(values))

    def page(
        self, request: ConsoleRequest, draft: Draft, carried: Sequence[tuple[str, str]] = ()
    ) -> PageAnswer:
        return request.page(
            f"console/settings/organization/{self.key}.html",
            self.key,
            draft.status,
            path=self.path,
            countries=places.countries(request.page_request.words_language),
            languages=language_choices(request.organization.locale),
            page_url=f"{request.page_request.origin}/",
            carried=carried,
            **draft.values(),
        )

    def pages(self) -> tuple[PageRoute, PageRoute]:
        return (
            console_route(Right.CHANGE_SETTINGS, "GET", self.path, self.show),
            console_route(Right.CHANGE_SETTINGS, "POST", self.path, self.save),
        )


async def set_logo(request: ConsoleRequest) -> PageAnswer:
    """Sets the uploaded picture as the logo."""
    await request.form()
    content = request.page_request.files.get("logo", b"")
    try:
        picture = await pictures.read_picture(request.page_request.context, "logo", content)
    except Invalid as error:
        faults = Draft.with_faults(_draft_of(request.organization).typed, error)
        return LOOKS.page(request, faults)
    await request.change(pictures.set_logo, None, picture)
    return request.go(LOOKS.path, done="saved")


async def delete_logo(request: ConsoleRequest) -> PageAnswer:
    await request.form()
    await request.change(pictures.set_logo, None, None)
    return request.go(LOOKS.path, done="removed")


def _business(typed: FormFields) -> Mapping[str, Any]:
    website = text_or_none(typed.text("website"))
    return {"name": typed.text("name"), "slug": typed.text("slug"), "website": website}


def _looks(typed: FormFields) -> Mapping[str, Any]:
    """The accent colour. One that was just chosen counts even if "our colour" is still ticked."""
    color = typed.text("accent_color")
    is_chosen = color != (typed.text("accent_shown") or color)
    is_ours = typed.text("accent_is_ours") == YES and not is_chosen
    return {"accent_color": None if is_ours or not color else color}


def _region(typed: FormFields) -> Mapping[str, Any]:
    named = {name: text_or_none(typed.text(name)) for name in ("country", "locale")}
    return {"timezone": typed.text("timezone"), **named}


def _notices(typed: FormFields) -> Mapping[str, Any]:
    lines = typed.text("notify_email"), *typed.text("more_notify_emails").splitlines()
    return {"notify_emails": [address for line in lines if (address := line.strip())]}


def _staff(typed: FormFields) -> Mapping[str, Any]:
    return {"staff_may_edit_hours": typed.text("staff_may_edit_hours") == YES}


def _known(typed: FormFields) -> FormFields:
    """The form without fields that none of these sections has."""
    known = {*SEEN_FIELDS, *(name for section in SECTIONS for name in section.fields)}
    return FormFields([(name, typed[name]) for name in typed if name in known])


def _field_of(typed: FormFields, name: str) -> str:
    """The form's field for a field of the API; the first mail address has a field of its own."""
    if not name.startswith("notify_emails"):
        return name
    is_first = name.endswith((".0", "[0]")) and typed.text("notify_email")
    return "notify_email" if is_first else "more_notify_emails"


def _draft_of(organization: Organization) -> Draft:
    o = organization
    return Draft.of_values(
        {
            "name": o.name,
            "slug": o.slug,
            "timezone": o.timezone,
            "notify_email": next(iter(o.notify_emails), ""),
            "more_notify_emails": "\n".join(o.notify_emails[1:]),
            "country": o.country or "",
            "locale": o.locale or "",
            "accent_color": o.accent_color or COLOURS["light_accent"],
            "accent_shown": o.accent_color or COLOURS["light_accent"],
            "accent_is_ours": "" if o.accent_color else YES,
            "website": o.website or "",
            "staff_may_edit_hours": YES if o.staff_may_edit_hours else "",
            VERSION_FIELD: str(o.version),
        }
    )


BUSINESS: Final = SettingsSection("settings", frozenset({"name", "slug", "website"}), _business)
LOOKS: Final = SettingsSection(
    "looks", frozenset({"accent_color", "accent_shown", "accent_is_ours"}), _looks
)
REGION: Final = SettingsSection("region", frozenset({"timezone", "country", "locale"}), _region)
NOTICES: Final = SettingsSection(
    "notices", frozenset({"notify_email", "more_notify_emails"}), _notices
)
STAFF: Final = SettingsSection("staff", frozenset({"staff_may_edit_hours"}), _staff)
SECTIONS: Final = (BUSINESS, LOOKS, REGION, NOTICES, STAFF)

PAGES: Final = (
    *(route for section in SECTIONS for route in section.pages()),
    console_route(Right.CHANGE_SETTINGS, "POST", LOGO, set_logo),
    console_route(Right.CHANGE_SETTINGS, "POST", f"{LOGO}/delete", delete_logo),
)
