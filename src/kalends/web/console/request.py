"""What a page of the console stands on: a signed-in user at work in one organization."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from kalends.availability.wallclock import Zone
from kalends.domain.access import ADMINS, Membership, Mode, Organization, Role, Scope
from kalends.domain.errors import Forbidden, KalendsError, NeedsAdmin, NotFound, Unauthorized
from kalends.domain.ids import encode_id
from kalends.formats.times import known_zone
from kalends.runtime.unit_of_work import UnitOfWork, UseCase
from kalends.scheduling.zones import zone_of_organization
from kalends.services import organizations
from kalends.services.users import sign_in_sessions
from kalends.services.users.sign_in_sessions import UserAccount
from kalends.web.console.done import DONE
from kalends.web.console.sections import LABELS, navigation_for
from kalends.web.http.errors import error_headers, status_of
from kalends.web.http.routes import Access
from kalends.web.http.sign_ins import SAFE_METHODS
from kalends.web.pages.answers import Headers as HeaderPairs
from kalends.web.pages.answers import PageAnswer, Stream, redirect
from kalends.web.pages.errors import error_page, error_words, wants_json
from kalends.web.pages.forms import FormFields
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import PageRoute

P = ParamSpec("P")
R = TypeVar("R")

ROOT: Final = "/console/{organization}"
CONSOLE_SOURCE: Final = "console"
NOT_STORED: Final = ("cache-control", "no-store")
# What a role may do, in the words of the API's scopes.
SCOPES: Final = {
    Role.OWNER: [Scope.ALL.value],
    Role.ADMIN: [Scope.ALL.value],
    Role.MEMBER: [Scope.BOOKINGS_WRITE.value, Scope.ALL_READ.value],
}


@dataclass(frozen=True)
class ConsoleRequest:
    """What a signed-in user asks for on behalf of one organization, in which the user has a role.

    Whatever it reads and changes is that organization's, by `page_request.caller`.
    """

    page_request: PageRequest
    account: UserAccount
    membership: Membership
    organization: Organization

    @property
    def is_admin(self) -> bool:
        """Whether the user may change settings; members work with bookings and read the rest."""
        return self.membership.role in ADMINS

    @property
    def user_id(self) -> UUID:
        return self.account.user.id

    @cached_property
    def zone(self) -> Zone:
        """The organization's, in which days are counted here. Raises BrokenZone."""
        return zone_of_organization(self.organization)

    @property
    def query(self) -> FormFields:
        return self.page_request.query

    async def form(self) -> FormFields:
        """What was sent, from a page of this very session."""
        return await self.page_request.form()

    def path(self, name: str) -> str:
        return self.page_request.path(name)

    def to(self, path: str = "", **query: str | Sequence[str] | None) -> str:
        """The URL of a page of this organization's console; what is empty is left out."""
        given = {name: value for name, value in query.items() if value}
        url = f"/console/{self.organization.slug}{path}"
        return f"{url}?{urlencode(given, doseq=True)}" if given else url

    def go(self, path: str, **query: str | Sequence[str] | None) -> PageAnswer:
        """Sends the browser to such a page, as after a form was done."""
        return redirect(self.to(path, **query))

    async def read(
        self, use_case: Callable[Concatenate[UnitOfWork, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        return await self.page_request.read(use_case, *args, **kwargs)

    async def change(self, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.page_request.change(use_case, *args, **kwargs)

    def check_admin(self) -> None:
        """Raises NeedsAdmin."""
        if not self.is_admin:
            raise NeedsAdmin("Only owners and admins of the organization can do this.")

    def page(
        self,
        template: str,
        section: str,
        status: int = 200,
        headers: HeaderPairs = (),
        **values: Any,
    ) -> PageAnswer:
        """The template within the console's frame, `section` marked in the navigation.

        `done` in the query names what was done just now (`done.DONE`).
        """
        kept = (*headers, NOT_STORED)
        return self.page_request.page(template, status, kept, **(self._common(section) | values))

    async def long_page(self, template: str, section: str, **values: Any) -> PageAnswer:
        """The same, of a template that may write much."""
        values = self._common(section) | values
        return await self.page_request.long_page(template, 200, (NOT_STORED,), **values)

    def _common(self, section: str) -> dict[str, Any]:
        done = self.query.get("done", "")
        return {
            "request": self,
            "section": section,
            "section_label": LABELS.get(section),
            "navigation": navigation_for(self.is_admin),
            "organization": self.organization,
            "is_sandbox": self.organization.mode is Mode.TEST,
            # Where no day is counted a broken zone stands in no one's way, least of all in the
            # settings, where it is mended.
            "zone": known_zone(self.organization.timezone),
            "done": DONE.get(done),
            "problem": None,
            "shown_id": encode_id,
        }


ConsoleHandler = Callable[[ConsoleRequest], Awaitable[PageAnswer | Stream]]


def member_route(method: str, path: str, handler: ConsoleHandler) -> PageRoute:
    """A page of an organization, for all who belong to it. `path` comes after `ROOT`."""
    return _route(method, path, _in_console(handler))


def admin_route(method: str, path: str, handler: ConsoleHandler) -> PageRoute:
    """A page of an organization, for its owners and admins."""

    async def checked(request: ConsoleRequest) -> PageAnswer | Stream:
        request.check_admin()
        return await handler(request)

    return _route(method, path, _in_console(checked))


async def open_console(request: PageRequest) -> ConsoleRequest:
    """Raises NotFound for an organization that is not the user's, or is not there."""
    account = await get_account(request)
    slug = request.path("organization")
    for membership in account.memberships:
        if membership.slug == slug:
            acting = request.acting_as(
                replace(
                    request.caller,
                    organization_id=membership.organization_id,
                    mode=membership.mode,
                    scopes=SCOPES[membership.role],
                    source=CONSOLE_SOURCE,
                )
            )
            organization = await acting.read(organizations.get_organization)
            return ConsoleRequest(acting, account, membership, organization)
    raise NotFound("There is no such organization that you belong to.")


async def get_account(request: PageRequest) -> UserAccount:
    """The signed-in user. Raises Unauthorized for one that is gone meanwhile."""
    try:
        account: UserAccount = await request.read(sign_in_sessions.get_account, request.user_id)
    except NotFound:
        raise Unauthorized("This user does not exist any more.") from None
    return account


def _route(method: str, path: str, handler: Callable[[PageRequest], Any]) -> PageRoute:
    return PageRoute(method=method, path=ROOT + path, handler=handler, access=Access.SESSION)


def _in_console(handler: ConsoleHandler) -> Callable[[PageRequest], Awaitable[PageAnswer | Stream]]:
    """Every form has to hold our token, whether or not its handler reads it; what is refused is
    shown within the console."""

    async def handle(request: PageRequest) -> PageAnswer | Stream:
        if request.scope["method"] not in SAFE_METHODS:
            await request.form()
        console = await open_console(request)
        try:
            return await handler(console)
        except KalendsError as error:
            return _problem_page(console, error)

    return handle


def _problem_page(request: ConsoleRequest, error: KalendsError) -> PageAnswer:
    if wants_json(request.page_request) or type(error) is Forbidden:
        return error_page(request.page_request, error)
    title, text = error_words(error)
    status, headers = status_of(error), tuple(error_headers(error).items())
    return request.page("console/problem.html", "", status, headers, title=title, text=text)
