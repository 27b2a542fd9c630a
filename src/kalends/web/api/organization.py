"""`/api/v1/organization`: the organization that the key belongs to."""

from functools import partial
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from kalends.domain.access import MOST_NOTIFY_EMAILS, Organization
from kalends.domain.changes import FieldChanges, values_to_change
from kalends.domain.errors import Invalid
from kalends.domain.language_tags import LanguageTag
from kalends.domain.origins import origin_of
from kalends.domain.values import Email, Name, Slug
from kalends.formats.access import OrganizationBody, show_organization
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import organizations, pictures
from kalends.web.api.models import HTTPS_ADDRESS, CountryCode, ZoneName, check_country, check_zone
from kalends.web.api.pictures import LARGEST_PICTURE_BODY_BYTES, SetPicture, parse_picture
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import SETTING_SCOPES, Resource, Route

ORIGIN_FAULT: Final = "must be an origin such as https://app.example.com, without a path"


class SetLogo(SetPicture, frozen=True): ...


class UpdateOrganization(RequestModel, frozen=True):
    """What is left out stays as it is; null clears."""

    name: Name | UnsetType = UNSET
    slug: Annotated[
        Slug | UnsetType,
        about(
            "Lower-case letters, digits and hyphens; none of this server's own paths, such as "
            "`docs`."
        ),
    ] = UNSET
    timezone: ZoneName | UnsetType = UNSET
    notify_email: Annotated[
        Email | UnsetType | None,
        about("The first of `notify_emails`. A new address replaces it; null removes all of them."),
    ] = UNSET
    notify_emails: Annotated[
        Annotated[list[Email], Meta(max_length=MOST_NOTIFY_EMAILS)] | UnsetType,
        about("Where mail about bookings goes, each address once."),
    ] = UNSET
    country: Annotated[
        CountryCode | UnsetType | None,
        about(
            "The country (ISO 3166-1 alpha-2) of telephone numbers without `+`. null takes that "
            "of the time zone."
        ),
    ] = UNSET
    locale: Annotated[
        LanguageTag | UnsetType | None,
        about(
            "The language (BCP 47) of pages and mails for readers whose language is not known; "
            "null is English."
        ),
    ] = UNSET
    accent_color: Annotated[
        Annotated[str, Meta(pattern=r"^#[0-9A-Fa-f]{6}(?![\s\S])")] | UnsetType | None,
        about(
            "The colour of pages, console and mails, such as `#8a2b5f`. The colours shown are "
            "derived from it, for light and dark, with a contrast of at least 4.5:1; null is the "
            "standard colour.",
            "#8a2b5f",
        ),
    ] = UNSET
    website: Annotated[
        Annotated[str, Meta(max_length=500, pattern=HTTPS_ADDRESS)] | UnsetType | None,
        about("The https address of your own site. Pages link to it.", "https://example.com"),
    ] = UNSET
    return_origins: Annotated[
        Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(max_length=20)] | UnsetType,
        about(
            "Origins (scheme, host and port) to which people can be sent back after they have "
            "connected a calendar: https, or http on `localhost`.",
            ["https://app.example.com"],
        ),
    ] = UNSET
    staff_may_edit_hours: Annotated[
        bool | UnsetType,
        about("Whether users with the role `staff` may set the hours of their own schedules."),
    ] = UNSET


async def get_organization(call: Call) -> HttpAnswer:
    """Get the organization that the key belongs to"""
    return organization_response(await call.read(organizations.get_organization))


async def update_organization(call: Call) -> HttpAnswer:
    """Update the organization"""
    parse = partial(parse_changes, await call.raw_json())
    lock = partial(organizations.lock_organization, if_match=call.if_match)
    use_case = lock_parse_update(lock, parse, organizations.update_organization)
    return await call.change(organization_response, use_case)


async def set_organization_logo(call: Call) -> HttpAnswer:
    """Set the logo of the organization

    PNG, JPEG or WebP, at most 2 MB and 12 million pixels. It is re-encoded at no more than 480 by
    144 pixels, and nothing but its pixels is kept.
    """
    content = parse_picture(await call.body(SetLogo, LARGEST_PICTURE_BODY_BYTES))
    picture = await pictures.read_picture(call.context, "content", content)
    return await call.change(organization_response, pictures.set_logo, call.if_match, picture)


async def delete_organization_logo(call: Call) -> HttpAnswer:
    """Remove the logo of the organization"""
    return await call.change(organization_response, pictures.set_logo, call.if_match, None)


def organization_response(organization: Organization) -> HttpAnswer:
    return data(show_organization(organization), version=organization.version)


def parse_changes(body: bytes) -> FieldChanges[Organization]:
    """Raises NotJson, Invalid."""
    parsed = read_body(body or b"{}", UpdateOrganization)
    if parsed.timezone is not UNSET:
        check_zone("timezone", parsed.timezone)
    if parsed.country is not UNSET:
        check_country("country", parsed.country)
    values = values_to_change(parsed)
    if parsed.return_origins is not UNSET:
        values["return_origins"] = parse_origins(parsed.return_origins)
    if isinstance(color := values.get("accent_color"), str):
        values["accent_color"] = color.lower()
    return FieldChanges[Organization](**values)


def parse_origins(written: list[str]) -> list[str]:
    """The origins without repetitions, in the canonical form that they are compared in. Raises
    Invalid."""
    origins = []
    for at, text in enumerate(written):
        origin = origin_of(text)
        is_open = origin is not None and (
            origin.startswith("https://") or origin.partition("//")[2].split(":")[0] == "localhost"
        )
        if origin is None or not is_open or text.lower().rstrip("/").count("/") != 2:
            raise Invalid.field(f"return_origins.{at}", ORIGIN_FAULT)
        origins.append(origin)
    return list(dict.fromkeys(origins))


_call = Resource("Organization", "/api/v1/organization", SETTING_SCOPES, item="", has_versions=True)
_SHOWN: Final = {200: DataOf[OrganizationBody]}

ROUTES: Final[tuple[Route, ...]] = (
    _call.get(get_organization, OrganizationBody),
    _call.update(update_organization, OrganizationBody, UpdateOrganization, errors=("SLUG_TAKEN",)),
    _call("PUT /logo", set_organization_logo, _SHOWN, body=SetLogo, etag=True, if_match=True),
    _call("DELETE /logo", delete_organization_logo, _SHOWN, etag=True, if_match=True),
)
