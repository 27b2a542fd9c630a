"""API keys: creating one, showing it once, revoking it."""

from datetime import timedelta
from typing import Final

from kalends.domain import ids
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.rights import Right
from kalends.domain.scopes import Scope
from kalends.domain.values import Day, Instant
from kalends.formats.encoding import encode
from kalends.scheduling.local_time import bounds_of_day
from kalends.services import api_keys
from kalends.web.api.api_keys import CreateApiKey
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.console.settings.forms.one_time_secret import go_with_secret, page_with_secret
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.console.settings.forms.typed import text_or_none
from kalends.web.http.call import id_named
from kalends.web.http.reading import read_body
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "keys"
PATH: Final = "/keys"
LISTED: Final = 100
# The scopes that are ticked at first, which most applications need.
USUAL: Final = (Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE)


async def list_keys(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, Draft.of_values({"scopes": [scope.value for scope in USUAL]}))


async def create(request: ConsoleRequest) -> PageAnswer:
    typed = await request.form()
    try:
        parsed = _read(request, typed)
        new_key = await request.change(
            api_keys.create_api_key, parsed.name, parsed.scopes, parsed.expires_at
        )
    except KalendsError as error:
        return await _page(request, Draft.with_faults(typed, error).at_fields(_our_field))
    return go_with_secret(request, PATH, new_key.secret, "key-created")


async def revoke(request: ConsoleRequest) -> PageAnswer:
    key_id = id_named(ids.API_KEY, request.path("key"))
    await request.change(api_keys.revoke_api_key, key_id)
    request.page_request.page_context.keyring.forget(key_id)
    return request.go(PATH, done="key-revoked")


def _read(request: ConsoleRequest, typed: FormFields) -> CreateApiKey:
    """The new key; it expires with the chosen day, in the organization's zone. Raises Invalid."""
    day, until = typed.text("expires_on"), None
    if day:
        try:
            until = Instant.of(
                bounds_of_day(Day.parse(day), request.zone.name)[1] - timedelta(seconds=1)
            )
        except ValueError as error:
            raise Invalid.field("expires_at", str(error)) from None
    values = {
        "name": text_or_none(typed.text("name")),
        "scopes": typed.all_of("scopes"),
        "expires_at": until,
    }
    return read_body(encode(values), CreateApiKey)


def _our_field(name: str) -> str:
    return "expires_on" if name == "expires_at" else name.partition(".")[0]


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    listed, pager = await read_page(request, api_keys.list_api_keys, LISTED)
    return page_with_secret(
        request,
        "console/settings/keys.html",
        SECTION,
        PATH,
        draft,
        keys=[(ids.encode_id(ids.API_KEY, key.id), key) for key in listed],
        **pager,
        usual=USUAL,
        others=[scope for scope in Scope if scope not in USUAL],
        now=request.page_request.context.clock(),
    )


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, list_keys),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, create),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/{key}/revoke", revoke),
)
