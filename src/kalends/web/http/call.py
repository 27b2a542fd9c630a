"""One API call, as its handler sees it: reading the request, and running use cases."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from kalends.domain import ids
from kalends.domain.errors import Invalid, NotFound, TooLarge, TooSlow
from kalends.runtime import unit_of_work
from kalends.runtime.idempotency import HttpAnswer, IdempotentRequest
from kalends.runtime.if_match import IfMatch
from kalends.runtime.keyring import Keyring
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase
from kalends.web.http.reading import check_json, read_body, read_query, text_in_body, text_in_query
from kalends.web.http.sign_ins import SignInSessions

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Struct)

LARGEST_BODY_BYTES: Final = 1_000_000
LONGEST_IDEMPOTENCY_KEY: Final = 255


@dataclass
class Call:
    """A request and its caller. `may_repeat` says that the route honours an Idempotency-Key."""

    scope: Scope
    receive: Receive
    may_repeat: bool
    context: Context
    caller: Caller
    headers: Headers
    keyring: Keyring
    sessions: SignInSessions
    _body: bytes | None = None

    def id(self, prefix: str, name: str = "id") -> UUID:
        """The id in the path. Raises NotFound if it cannot be an id with that prefix."""
        return id_named(prefix, self.scope["path_params"][name])

    @property
    def user_id(self) -> UUID:
        """The signed-in user. Raises Unauthorized if the caller is no user."""
        return self.caller.require_user("call")

    @property
    def origin(self) -> str:
        """Our origin as clients see it, such as `https://book.example.com`."""
        return self.sessions.origin(self.scope, self.headers)

    @property
    def query_string(self) -> bytes:
        raw: bytes = self.scope["query_string"]
        return raw

    def query(self, shape: type[S]) -> S:
        return read_query(self.query_string, shape)

    async def body(self, shape: type[S], most: int = LARGEST_BODY_BYTES) -> S:
        """The body, of at most `most` bytes, read into `shape`; an empty one counts as `{}`.
        Raises NotJson, Invalid, TooLarge, TooSlow."""
        return read_body(await self.raw_body(most) or b"{}", shape)

    def named_in_query(self, name: str) -> str | None:
        """The value of one parameter, read without checking the rest of the query."""
        return text_in_query(self.scope["query_string"], name)

    async def named_in_body(self, name: str) -> str | None:
        """The value of one field, read without checking the rest of the body; None if it is not a
        text. Raises NotJson, TooLarge, TooSlow."""
        return text_in_body(await self.raw_json(), name)

    async def raw_body(self, most: int = LARGEST_BODY_BYTES) -> bytes:
        if self._body is None:
            self._body = await read_all(self.receive, most)
        return self._body

    async def raw_json(self) -> bytes:
        """The body as bytes that are JSON, or empty; its fields are not checked yet. Raises
        NotJson, TooLarge, TooSlow."""
        body = await self.raw_body()
        check_json(body)
        return body

    @property
    def if_match(self) -> IfMatch:
        """The versions that `If-Match` accepts; None if it is missing or `*`, which accept any."""
        header = self.headers.get("if-match")
        if header is None or header.strip() == "*":
            return None
        tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))
        return frozenset(int(t) for t in tags if t.isascii() and t.isdigit() and len(t) < 10)

    async def read(
        self, use_case: Callable[Concatenate[UnitOfWork, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        """Runs a use case that changes nothing."""
        return await unit_of_work.read(self.context, self.caller, use_case, *args, **kwargs)

    async def change(
        self,
        render: Callable[[R], HttpAnswer],
        use_case: UseCase[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> HttpAnswer:
        """Runs a use case that changes something and renders its result; a repeated call with the
        same `Idempotency-Key` gets the first answer again."""
        request = await self._idempotent_request()
        if request is None:
            return render(
                await unit_of_work.change(self.context, self.caller, use_case, *args, **kwargs)
            )
        return await unit_of_work.change_once(
            self.context, self.caller, request, render, use_case, *args, **kwargs
        )

    async def _idempotent_request(self) -> IdempotentRequest | None:
        key = self.headers.get("idempotency-key")
        if key is None or not self.may_repeat or self.caller.api_key_id is None:
            return None
        if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY or not key.isprintable():
            raise Invalid.field(
                "Idempotency-Key", f"must have 1 to {LONGEST_IDEMPOTENCY_KEY} characters"
            )
        content = b"\n".join([self.scope["query_string"], await self.raw_body()])
        return IdempotentRequest(
            api_key_id=self.caller.api_key_id,
            operation=f"{self.scope['method']} {self.scope['path']}",
            key=key,
            fingerprint=hashlib.sha256(content).digest(),
            now=self.context.clock(),
        )


def id_named(prefix: str, text: str) -> UUID:
    """The UUID inside a public id. Raises NotFound if the text cannot be one with that prefix."""
    uuid = ids.decode_id(prefix, text)
    if uuid is None:
        raise NotFound.with_id(prefix, text[:100])
    return uuid


async def read_all(receive: Receive, most: int = LARGEST_BODY_BYTES) -> bytes:
    """The whole body. Raises TooLarge as soon as it has more than `most` bytes, and TooSlow if the
    rest of it does not come because the client left or ran into a timeout."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise TooSlow("The connection was closed before the body had come.")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise TooLarge(f"The body is larger than {most} bytes.")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)
