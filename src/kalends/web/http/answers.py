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


# The types of whole answers. OpenAPI calls those of a `ThingBody` `ThingResponse` and `ThingList`.
# They have no docstrings, as OpenAPI would repeat one as the description of each.
class DataOf(Struct, Generic[T], frozen=True):
    data: T


class PageOf(Struct, Generic[T], frozen=True):
    data: list[T]
    meta: PageMeta


def data_of(body: type[Struct]) -> Any:
    """`DataOf[body]` for a type that is only known at run time."""
    answer: Any = DataOf
    return answer[body]


def page_of(body: type[Struct]) -> Any:
    """`PageOf[body]` for a type that is only known at run time."""
    answer: Any = PageOf
    return answer[body]


class Deleted(Struct, frozen=True):
    """What was deleted."""

    id: str
    deleted: bool = True


def data(body: Any, status: int = 200, version: int | None = None) -> HttpAnswer:
    """`{"data": …}`, with an ETag if a version is given."""
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
    """A page of things that may be large: each is encoded by itself, and other tasks get a turn
    between two."""
    bodies = [Raw(encode(show(thing))) async for thing in cooperatively(things)]
    meta = PageMeta(total, limit, offset, offset + len(things) < total)
    return data_with_meta(bodies, meta)


def data_with_meta(bodies: Sequence[Any] | Raw, meta: Struct) -> HttpAnswer:
    return HttpAnswer(200, encode({"data": bodies, "meta": meta}))


def with_headers(answer: HttpAnswer, headers: dict[str, str]) -> HttpAnswer:
    if not headers:
        return answer
    return structs.replace(answer, headers={**answer.headers, **headers})
