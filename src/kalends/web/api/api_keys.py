"""`/api/v1/api-keys`: list, create, revoke."""

from functools import partial
from typing import Annotated, Final

from kalends.domain import ids
from kalends.domain.scopes import Scope
from kalends.domain.values import Instant, Label
from kalends.formats.access import ApiKeyBody, CreatedApiKeyBody, show_api_key
from kalends.formats.described import about
from kalends.runtime.api_keys import MadeKey
from kalends.runtime.idempotency import HttpAnswer
from kalends.services import api_keys
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import data, deleted
from kalends.web.http.call import Call
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import Resource, Route, Scopes


class CreateApiKey(RequestModel, frozen=True):
    scopes: Annotated[
        list[Scope],
        about(
            "What the key may do. Write does not include read; `*:read` is every read except of "
            "keys, `*` is everything.",
            ["bookings:read", "bookings:write"],
            min_length=1,
            max_length=20,
        ),
    ]
    name: Annotated[Label, about("What the key is for; an empty text is no name.")] | None = None
    expires_at: Annotated[Instant, about("Default: never.")] | None = None


async def list_api_keys(call: Call) -> HttpAnswer:
    """List API keys

    Those that are not revoked, oldest first. Secrets are not shown.
    """
    query = call.query(PageQuery)
    return await answer_page(call, query, api_keys.list_api_keys, show_api_key)


async def create_api_key(call: Call) -> HttpAnswer:
    """Create an API key

    The answer shows the `key` itself, which is never shown again.
    """
    body = await call.body(CreateApiKey)
    return await call.change(
        created_response, api_keys.create_api_key, body.name, body.scopes, body.expires_at
    )


async def revoke_api_key(call: Call) -> HttpAnswer:
    """Revoke an API key

    It stops working at once in the process that answers, and in others within 5 seconds.
    """
    key_id = call.id(ids.API_KEY)
    answer = await call.change(partial(deleted, ids.API_KEY), api_keys.revoke_api_key, key_id)
    call.keyring.forget(key_id)
    return answer


def created_response(new_key: MadeKey) -> HttpAnswer:
    return data({**show_api_key(new_key.key), "key": new_key.secret}, status=201)


_call = Resource("API keys", "/api/v1/api-keys", Scopes(Scope.ALL, Scope.ALL))

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_api_keys, ApiKeyBody),
    _call.create(create_api_key, CreatedApiKeyBody, CreateApiKey),
    _call.delete(revoke_api_key),
)
