"""Users and their roles: invite, change, remove."""

from typing import Final

from kalends.domain import ids
from kalends.domain.access import Mode, Role
from kalends.domain.errors import Invalid, KalendsError
from kalends.domain.rights import Right
from kalends.domain.values import Email
from kalends.services.users import members
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "users"
PATH: Final = "/users"


async def list_users(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, _empty())


async def invite(request: ConsoleRequest) -> PageAnswer:
    """Invites a user by a link in a mail; without a mail server it is found in the mailbox."""
    typed = await request.form()
    try:
        await request.change(members.invite_member, _email_in(typed), _role_in(typed))
    except KalendsError as error:
        return await _page(request, Draft.with_faults(typed, error))
    return request.go(PATH, done="invited" if _mail_leaves(request) else "invited-in-mailbox")


async def change_role(request: ConsoleRequest) -> PageAnswer:
    user_id = id_named(ids.USER, request.path("user"))
    form = await request.form()
    try:
        await request.change(members.change_role, user_id, _role_in(form))
    except Invalid as error:
        return await _page(request, _empty().with_problem(error))
    return request.go(PATH, done="role-changed")


async def remove(request: ConsoleRequest) -> PageAnswer:
    """Removes a user. Users who remove themselves are sent to the choice of organizations."""
    user_id = id_named(ids.USER, request.path("user"))
    try:
        await request.change(members.remove_member, user_id)
    except Invalid as error:
        return await _page(request, _empty().with_problem(error))
    return request.go(PATH, done="user-removed")


def _mail_leaves(request: ConsoleRequest) -> bool:
    has_server = request.page_request.context.gateways.mail_transport is not None
    return has_server and request.organization.mode is Mode.LIVE


def _email_in(typed: FormFields) -> str:
    """Raises Invalid."""
    try:
        return str(Email.parse(typed.text("email")))
    except ValueError as error:
        raise Invalid.field("email", str(error)) from None


def _role_in(form: FormFields) -> Role:
    """Raises Invalid."""
    try:
        return Role(form.text("role"))
    except ValueError:
        raise Invalid.field("role", "must be one of those in the list") from None


def _empty() -> Draft:
    return Draft.of_values({"role": Role.MEMBER.value})


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    listed = await request.read(members.list_members)
    return request.page(
        "console/settings/users.html",
        SECTION,
        draft.status,
        members=[(ids.encode_id(ids.USER, one.user_id), one) for one in listed],
        path=PATH,
        roles=list(Role),
        acting_role=request.membership.role,
        **draft.values(),
    )


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, list_users),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, invite),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/{user}/role", change_role),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH + "/{user}/remove", remove),
)
