"""The public JSON of organizations, API keys, and users with what they belong to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from kalends.domain import ids
from kalends.domain.access import ApiKey, Membership, Mode, Organization, Role, User
from kalends.domain.scopes import Scope
from kalends.formats.countries import country_of_zone
from kalends.formats.described import about
from kalends.formats.pictures import PictureBody, logo_of


class OrganizationBody(Struct, frozen=True):
    """The tenant that a key belongs to. A sandbox is an organization of its own."""

    id: Annotated[str, Meta(examples=["org_0352lF5NnllfIJ66lPpfc3"])]
    name: str
    slug: str
    timezone: Annotated[str, about("IANA name.", "Europe/Berlin")]
    notify_email: Annotated[str | None, about("The first of `notify_emails`.")]
    notify_emails: Annotated[list[str], about("Where mail about bookings goes.")]
    country: Annotated[
        str | None,
        about(
            "The country (ISO 3166-1 alpha-2) of telephone numbers without `+`. If it was not "
            "set, that of the time zone; null for UTC.",
            "DE",
        ),
    ]
    locale: Annotated[
        str | None,
        about(
            "The language (BCP 47) of pages and mails for readers whose language is not known.",
            "de",
        ),
    ]
    staff_may_edit_hours: Annotated[
        bool, about("Whether users with the role `staff` may set the hours of their own schedules.")
    ]
    accent_color: Annotated[
        str | None,
        about(
            "The colour of pages, console and mails about bookings. The colours shown are derived "
            "from it, for light and dark, with a contrast of at least 4.5:1; null is the standard "
            "colour.",
            "#8a2b5f",
        ),
    ]
    website: Annotated[
        str | None, about("The address of its own site; pages link to it.", "https://example.com")
    ]
    return_origins: Annotated[
        list[str],
        about(
            "Origins to which people can be sent back after they have connected a calendar.",
            ["https://app.example.com"],
        ),
    ]
    logo: Annotated[
        PictureBody | None, about("The logo on pages, in the console and in mails about bookings.")
    ]
    mode: Annotated[Mode, about("`test`: this is the sandbox of an organization.")]
    created_at: datetime
    updated_at: datetime


class ApiKeyBody(Struct, frozen=True):
    """An API key; the key itself is shown only once, when it is made."""

    id: Annotated[str, Meta(examples=["key_0352lF5NnllfIJ66lPpfc3"])]
    name: str | None
    scopes: list[Scope]
    mode: Mode
    last_four: Annotated[str, about("The last four characters of the key.", "4f9Q")]
    created_at: datetime
    expires_at: datetime | None


class CreatedApiKeyBody(ApiKeyBody, frozen=True, kw_only=True):
    """A key that was just made."""

    key: Annotated[str, about("The secret. It is never shown again.")]


class MembershipBody(Struct, frozen=True):
    """A role in an organization (or in its sandbox)."""

    organization_id: str
    name: str
    slug: str
    mode: Mode
    role: Role


class AccountBody(Struct, frozen=True):
    """A signed-in user."""

    id: Annotated[str, Meta(examples=["usr_0352lF5NnllfIJ66lPpfc3"])]
    email: str
    locale: Annotated[
        str | None,
        about(
            "The language (BCP 47) of the console and of mails to the user; null is the "
            "organization's.",
            "de",
        ),
    ]
    timezone: Annotated[
        str | None,
        about(
            "The user's time zone (IANA); null is that of the user's first schedule, else the "
            "organization's.",
            "Europe/Berlin",
        ),
    ]
    created_at: datetime
    memberships: list[MembershipBody]


def show_organization(organization: Organization) -> dict[str, Any]:
    values = structs.asdict(organization)
    del values["twin_id"], values["more_notify_emails"], values["version"]
    values["notify_email"] = next(iter(organization.notify_emails), None)
    values["notify_emails"] = organization.notify_emails
    country = organization.country or country_of_zone(organization.timezone)
    id_ = ids.encode_id(ids.ORGANIZATION, organization.id)
    return values | {"id": id_, "country": country, "logo": logo_of(organization)}


def show_api_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": ids.encode_id(ids.API_KEY, key.id),
        "name": key.name,
        "scopes": key.scopes,
        "mode": key.mode,
        "last_four": key.last_four,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }


def show_account(user: User, memberships: Iterable[Membership]) -> dict[str, Any]:
    return {
        "id": ids.encode_id(ids.USER, user.id),
        "email": user.email,
        "locale": user.locale,
        "timezone": user.timezone,
        "created_at": user.created_at,
        "memberships": [_show_membership(membership) for membership in memberships],
    }


def _show_membership(membership: Membership) -> dict[str, Any]:
    organization_id = ids.encode_id(ids.ORGANIZATION, membership.organization_id)
    return structs.asdict(membership) | {"organization_id": organization_id}
