"""The console request: a signed-in user who works in one organization. Every page gets one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from msgspec import structs

from kalends.availability.wallclock import Zone
from kalends.domain.access import Membership, Mode, Organization, OwnThings
from kalends.domain.errors import Forbidden, KalendsError, NotFound, Unauthorized
from kalends.domain.ids import encode_id
from kalends.domain.rights import Reach, Right, reach_of, refusal_for, scopes_of
from kalends.formats.times import known_zone
from kalends.runtime.unit_of_work import UnitOfWork, UseCase
from kalends.scheduling.zones import zone_of_organization
from kalends.services import organizations
from kalends.services.users import sign_in_sessions
from kalends.services.users.sign_in_sessions import UserAccount
from kalends.web.console.done import DONE
from kalends.web.console.sections import LABELS, menu_for, tabs_at
from kalends.web.console.unsaved import words_in
from kalends.web.http.errors import error_headers, status_of
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


@dataclass(frozen=True)
class ConsoleRequest:
    """A request that a signed-in user makes within one organization, in which the user has a role.

    `page_request.caller` confines everything it reads and changes to that organization and, if the
    role reaches only own things, to the user's schedules (`caller.only_schedules`).
    """

    page_request: PageRequest
    account: UserAccount
    membership: Membership
    organization: Organization
    own: OwnThings

    @property
    def findings_total(self) -> int:
        """How many calendar findings wait for a decision by this user."""
        reach = self.reach(Right.SETTLE_FINDINGS)
        own = self.own
        return own.findings_total if reach is Reach.ALL else own.own_findings_total

    @property
    def is_admin(self) -> bool:
        """Whether the user may change settings."""
        return self.may(Right.CHANGE_SETTINGS)

    @property
    def sees_all(self) -> bool:
        """Whether the request reaches everybody's things, not only the user's own."""
        return self.page_request.caller.only_schedules is None

    @property
    def sees_several(self) -> bool:
        """Whether the request may reach more than one schedule."""
        only = self.page_request.caller.only_schedules
        return only is None or len(only) > 1

    def may(self, right: Right) -> bool:
        """Whether the user has the right, be it for own things only."""
        return self.reach(right) is not Reach.NOTHING

    def reach(self, right: Right) -> Reach:
        """Whose things the user has the right to: nothing, own or all."""
        return _reach(self.membership, self.organization, right)

    @property
    def user_id(self) -> UUID:
        return self.account.user.id

    @cached_property
    def zone(self) -> Zone:
        """The organization's time zone, in which the console counts days. Raises BrokenZone."""
        return zone_of_organization(self.organization)

    @property
    def query(self) -> FormFields:
        return self.page_request.query

    async def form(self) -> FormFields:
        """The posted form. Raises Forbidden unless it comes from a page of this session."""
        return await self.page_request.form()

    def path(self, name: str) -> str:
        return self.page_request.path(name)

    def to(self, path: str = "", **query: str | Sequence[str] | None) -> str:
        """The URL of a page in this organization's console, without empty parameters."""
        filled = {name: value for name, value in query.items() if value}
        url = f"/console/{self.organization.slug}{path}"
        return f"{url}?{urlencode(filled, doseq=True)}" if filled else url

    def go(self, path: str, **query: str | Sequence[str] | None) -> PageAnswer:
        """Redirects the browser to a page of the console, as after a form has succeeded."""
        return redirect(self.to(path, **query))

    @property
    def _place(self) -> str:
        """The path of the request below the organization's."""
        path: str = self.page_request.scope["path"]
        return path.removeprefix(self.to())

    async def read(
        self, use_case: Callable[Concatenate[UnitOfWork, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        return await self.page_request.read(use_case, *args, **kwargs)

    async def change(self, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.page_request.change(use_case, *args, **kwargs)

    def page(
        self,
        template: str,
        section: str,
        status: int = 200,
        headers: HeaderPairs = (),
        **values: Any,
    ) -> PageAnswer:
        """The template in the console's frame; `section` is the key of the menu's tab above it.

        `done` in the query names what has just been done, which the page confirms (`done.DONE`).
        """
        all_headers = (*headers, NOT_STORED)
        return self.page_request.page(
            template, status, all_headers, **(self._common(section, values) | values)
        )

    async def long_page(self, template: str, section: str, **values: Any) -> PageAnswer:
        """Like `page`, for a template whose output may be long."""
        values = self._common(section, values) | values
        return await self.page_request.long_page(template, 200, (NOT_STORED,), **values)

    def _common(self, section: str, values: Mapping[str, Any]) -> dict[str, Any]:
        done = self.query.get("done", "")
        menu = menu_for(self.may)
        return {
            "request": self,
            "section": section,
            "section_label": LABELS.get(section),
            "menu": menu,
            "tabbed": tabs_at(menu, section, values.get("path") or self._place),
            "rights": Right,
            "organization": self.organization,
            "is_sandbox": self.organization.mode is Mode.TEST,
            # A page that counts no days works in spite of a broken zone; so do the settings, where
            # the zone is repaired.
            "zone": known_zone(self.organization.timezone),
            "done": DONE.get(done),
            "problem": None,
            "public_id": encode_id,
        }


ConsoleHandler = Callable[[ConsoleRequest], Awaitable[PageAnswer | Stream]]


def console_route(right: Right, method: str, path: str, handler: ConsoleHandler) -> PageRoute:
    """A page of an organization, for its users who have the right. `path` is below `ROOT`."""
    in_console = _in_console(right, handler)
    return PageRoute(method=method, path=ROOT + path, handler=in_console, access=right)


async def open_console(request: PageRequest, right: Right) -> ConsoleRequest:
    """The console request, limited to what the user's role reaches by that right.

    A role without the right is not refused here. Raises NotFound if the organization does not
    exist or the user does not belong to it.
    """
    account = await get_account(request)
    slug = request.path("organization")
    for membership in account.memberships:
        if membership.slug == slug:
            acting = request.acting_as(
                structs.replace(
                    request.caller,
                    organization_id=membership.organization_id,
                    mode=membership.mode,
                    scopes=scopes_of(membership.role),
                    source=CONSOLE_SOURCE,
                )
            )
            own: OwnThings = await acting.read(organizations.get_own, account.user.id)
            organization = own.organization
            if _reach(membership, organization, right) is not Reach.ALL:
                acting.caller = structs.replace(acting.caller, only_schedules=own.schedule_ids)
            for page_request in (request, acting):
                page_request.read_by(account.user.locale or organization.locale)
            return ConsoleRequest(acting, account, membership, organization, own)
    raise NotFound("There is no such organization that you belong to.")


def _reach(membership: Membership, organization: Organization, right: Right) -> Reach:
    may_edit_hours = organization.staff_may_edit_hours
    return reach_of(membership.role, right, staff_may_edit_hours=may_edit_hours)


async def get_account(request: PageRequest) -> UserAccount:
    """The signed-in user. Raises Unauthorized if the user has been deleted meanwhile."""
    try:
        account: UserAccount = await request.read(sign_in_sessions.get_account, request.user_id)
    except NotFound:
        raise Unauthorized("This user does not exist any more.") from None
    request.read_by(account.user.locale)
    return account


def _in_console(
    right: Right, handler: ConsoleHandler
) -> Callable[[PageRequest], Awaitable[PageAnswer | Stream]]:
    """Wraps a handler: checks the form's token, even if the handler does not read the form, then
    the right, and shows errors as a page of the console together with what was typed."""

    async def handle(request: PageRequest) -> PageAnswer | Stream:
        is_form = request.scope["method"] not in SAFE_METHODS
        unsaved = words_in(await request.form()) if is_form else []
        try:
            console = await open_console(request, right)
        except NotFound as error:
            return error_page(request, error, unsaved)
        try:
            if not console.may(right):
                raise refusal_for(console.membership.role)
            return await handler(console)
        except KalendsError as error:
            return _problem_page(console, error, unsaved)

    return handle


def _problem_page(
    request: ConsoleRequest, error: KalendsError, unsaved: Sequence[tuple[str, str]]
) -> PageAnswer:
    if wants_json(request.page_request) or type(error) is Forbidden:
        return error_page(request.page_request, error)
    title, text = error_words(error)
    status, headers = status_of(error), tuple(error_headers(error).items())
    return request.page(
        "console/problem.html", "", status, headers, title=title, text=text, unsaved=unsaved
    )
