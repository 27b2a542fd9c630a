"""Accounts that are connected by consent: a form leads to our consent page, which leads to the
provider and then back to the console."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from kalends.domain import ids
from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.errors import Invalid
from kalends.domain.rights import Right
from kalends.services.calendars.accounts import connections, consents
from kalends.services.calendars.accounts.connections import ShownConnection
from kalends.services.calendars.accounts.consents import ConsentStatus, NewConsent
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer, redirect

PATH: Final = "/calendars"
ANSWERED: Final = f"{PATH}/consented"
DONE_OF: Final[Mapping[str, str]] = {
    ConsentStatus.DENIED: "consent-denied",
    ConsentStatus.NEEDS_ADMIN: "consent-needs-admin",
    ConsentStatus.INCOMPLETE: "consent-incomplete",
    ConsentStatus.FAILED: "consent-failed",
}


async def begin(request: ConsoleRequest) -> PageAnswer:
    """Redirects to the consent page. Raises Invalid if the provider is not set up here."""
    chosen = (await request.form()).text("provider")
    for provider in ProviderName:
        if provider == chosen:
            return await _begin(request, provider, None)
    raise Invalid.field("provider", "is no provider that we know")


async def begin_again(request: ConsoleRequest) -> PageAnswer:
    connection_id = id_named(ids.CALENDAR_CONNECTION, request.path("connection"))
    shown: ShownConnection = await request.read(connections.get_connection, connection_id)
    return await _begin(request, shown.connection.provider, connection_id)


async def _begin(
    request: ConsoleRequest, provider: ProviderName, connection_id: UUID | None
) -> PageAnswer:
    back = request.page_request.context.gateways.public_url or ""
    new = NewConsent(
        provider=provider,
        return_url=f"{back}{request.to(ANSWERED)}",
        connection_id=connection_id,
    )
    made = await request.change(consents.request_consent, new)
    return redirect(urlsplit(made.url).path)


async def show_answer(request: ConsoleRequest) -> PageAnswer:
    """The page that a consent returns to: it shows the connection, or why there is none."""
    query = request.page_request.query
    connection_id = query.get("connection_id", "")
    if query.get("status") == ConsentStatus.CONNECTED and connection_id:
        id_named(ids.CALENDAR_CONNECTION, connection_id)
        return request.go(f"{PATH}/{connection_id}", done="calendars-connected")
    return request.go(PATH, done=DONE_OF.get(query.get("status", "")))


def providers_of(request: ConsoleRequest) -> list[ProviderName]:
    """The consent providers that are set up in this installation."""
    known = request.page_request.context.gateways.consents
    return [name for name in ProviderName if name in known]


def has_boxes(request: ConsoleRequest, connection: CalendarConnection) -> bool:
    """Whether the provider's consent page has a checkbox for each scope that we ask for."""
    provider = request.page_request.context.gateways.consents.get(connection.provider)
    return provider is None or provider.has_boxes


PAGES: Final = (
    console_route(Right.CHANGE_CALENDARS, "GET", ANSWERED, show_answer),
    console_route(Right.CHANGE_CALENDARS, "POST", ANSWERED, begin),
    console_route(Right.CHANGE_CALENDARS, "POST", f"{PATH}/{{connection}}/consent", begin_again),
)
