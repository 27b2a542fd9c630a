"""`/api/v1/users`: list, invite, change the role, remove."""

from functools import partial
from typing import Annotated, Final

from kalends.domain import ids
from kalends.domain.access import ListedUser, Role
from kalends.domain.values import Email
from kalends.formats.described import about
from kalends.formats.users import UserBody, show_user
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.users import members
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import data, deleted
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import answer_patch
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import USER_SCOPES, Resource, Route

GivenRole = Annotated[
    Role,
    about(
        "`owner` and `admin` change settings, `member` works with all bookings, `staff` with "
        "those on their own schedules. Only keys with the scope `*` give and take the role "
        "`owner`."
    ),
]


class CreateUser(RequestModel, frozen=True):
    """The user to invite."""

    email: Email
    role: GivenRole


class UpdateUser(RequestModel, frozen=True):
    """The changes to a user."""

    role: GivenRole


async def list_users(call: Call) -> HttpAnswer:
    """List users

    Those who belong to the organization, in the order in which they joined the installation.
    """
    return await answer_page(call, call.query(PageQuery), members.list_users, show_user)


async def create_user(call: Call) -> HttpAnswer:
    """Invite a user

    The user gets the role at once, in the organization and its sandbox, and a mail with a link
    for choosing a password, which works for seven days. Somebody who was invited before and has
    not signed in yet gets another link, and the role that is given now. Called with a sandbox's
    key, the role is for the sandbox only, and the mail stays in its mailbox.
    """
    body = await call.body(CreateUser)
    return await call.change(
        partial(user_response, status=201), members.create_user, str(body.email), body.role
    )


async def update_user(call: Call) -> HttpAnswer:
    """Change the role of a user

    The last owner of an organization cannot get another role.
    """
    return await answer_patch(
        call, ids.USER, members.lock_user, parse_role, members.update_user, user_response
    )


async def delete_user(call: Call) -> HttpAnswer:
    """Remove a user from the organization

    The last owner cannot be removed. The user's schedules stay and belong to nobody; the user and
    any roles in other organizations stay as they are.
    """
    return await call.change(partial(deleted, ids.USER), members.delete_user, call.id(ids.USER))


def parse_role(body: bytes) -> Role:
    """Raises NotJson, Invalid."""
    return read_body(body or b"{}", UpdateUser).role


def user_response(user: ListedUser, status: int = 200) -> HttpAnswer:
    return data(show_user(user), status=status)


_call = Resource("Users", "/api/v1/users", USER_SCOPES)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_users, UserBody),
    _call.create(create_user, UserBody, CreateUser),
    _call.update(update_user, UserBody, UpdateUser),
    _call.delete(delete_user),
)
