"""`POST /api/v1/calendar-connections/authorize`: requests a consent to an account's calendars."""

from typing import Annotated, Final

from msgspec import Meta

from kalends.domain import ids
from kalends.domain.calendars.connections import ProviderName
from kalends.formats.calendars import ConsentPageBody
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.calendars.accounts import consents
from kalends.services.calendars.accounts.consents import NewConsent
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call, id_named
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import CALENDAR_SCOPES, Resource, Route


class AuthorizeCalendars(RequestModel, frozen=True):
    """The provider, whose account it is, and where the person goes afterwards."""

    provider: Annotated[
        ProviderName,
        about("`google` or `microsoft`, if this installation has it set up.", "google"),
    ]
    return_url: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        about(
            "Where the person is sent afterwards, with `status` (`connected`, `denied`, "
            "`needs_admin`, `incomplete`, `failed`) and `connection_id` in the query. It has to "
            "be at this server's own origin, or at one of the organization's `return_origins`. "
            "null shows a page of this server."
        ),
    ] = None
    user_id: Annotated[
        str | None, about("The user that the account belongs to; null is the organization.")
    ] = None
    connection_id: Annotated[
        str | None, about("The existing connection that the new consent is for, if any.")
    ] = None


async def authorize(call: Call) -> HttpAnswer:
    """Begin to connect calendars by consent

    Answers with the address of a page of this server, which the owner of the account opens in a
    browser. It works once, for ten minutes, names the organization and what it asks for, and
    leads to the provider's own page. An account that is connected already continues with the new
    consent.
    """
    body = await call.body(AuthorizeCalendars)
    new = NewConsent(
        provider=body.provider,
        return_url=body.return_url,
        user_id=None if body.user_id is None else id_named(ids.USER, body.user_id),
        connection_id=None
        if body.connection_id is None
        else id_named(ids.CALENDAR_CONNECTION, body.connection_id),
    )
    return await call.change(
        lambda made: data({"url": made.url, "expires_at": made.expires_at}, 201),
        consents.request_consent,
        new,
    )


_call = Resource("Calendars", "/api/v1/calendar-connections", CALENDAR_SCOPES)

ROUTES: Final[tuple[Route, ...]] = (
    _call("POST /authorize", authorize, {201: DataOf[ConsentPageBody]}, body=AuthorizeCalendars),
)
