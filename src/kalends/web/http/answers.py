"""How answers are rendered: `{"data": …}`, pages with `meta`, ETags."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import Raw, Struct, structs

from kalends.domain.ids import encode_id
from kalends.formats.encoding import encode
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.idempotency import HttpAnswer

T = TypeVar("T")


class PageMeta(Struct, frozen=True):
    """Where a page stands in its list."""

    total: int
    limit: int
    offset: int
    hasMore: bool  # noqa: N815  (the WebKasa spelling)


# What a route answers. OpenAPI calls them `ThingResponse` and `ThingList` where they are of a
# `ThingBody`; a docstring would be the description of each.
class DataOf(Struct, Generic[T], frozen=True):
    data: T


class PageOf(Struct, Generic[T], frozen=True):
    data: list[T]
    meta: PageMeta


def data_of(body: type[Struct]) -> Any:
    """`DataOf[body]` of a type that is known when the program runs."""
    answer: Any = DataOf
    return answer[body]


def page_of(body: type[Struct]) -> Any:
    """The same of `PageOf`."""
    answer: Any = PageOf
    return answer[body]


class Deleted(Struct, frozen=True):
    """What was deleted."""

    id: str
    deleted: bool = True


def data(body: Any, status: int = 200, version: int | None = None) -> HttpAnswer:
    """`{"data": …}`, with an ETag where the thing has versions."""
    headers = {} if version is None else {"etag": f'"{version}"'}
    return HttpAnswer(status, encode({"data": body}), headers)


def deleted(prefix: str, thing_id: UUID) -> HttpAnswer:
    """`{"data": {"id", "deleted": true}}`."""
    return data(Deleted(encode_id(prefix, thing_id)))


def page(
    things: Sequence[T], total: int, limit: int, offset: int, show: Callable[[T], Any]
) -> HttpAnswer:
    """`{"data": […], "meta": {…}}`."""
    meta = PageMeta(total, limit, offset, offset + len(things) < total)
    return data_with_meta([show(thing) for thing in things], meta)


async def page_in_pieces(
    things: Sequence[T], total: int, limit: int, offset: int, show: Callable[[T], Any]
) -> HttpAnswer:
    """The same, of things that may be large: each is written by itself, and others get their turn
    after it."""
    bodies = [Raw(encode(show(thing))) async for thing in cooperatively(things)]
    meta = PageMeta(total, limit, offset, offset + len(things) < total)
    return data_with_meta(bodies, meta)


def data_with_meta(bodies: Sequence[Any] | Raw, meta: Struct) -> HttpAnswer:
    return HttpAnswer(200, encode({"data": bodies, "meta": meta}))


def with_headers(answer: HttpAnswer, headers: dict[str, str]) -> HttpAnswer:
    if not headers:
        return answer
    return structs.replace(answer, headers={**answer.headers, **headers})
