"""The public JSON of a user, as an organization sees the user."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.access import ListedUser, Role
from kalends.formats.described import about


class UserBody(Struct, frozen=True):
    """Somebody who signs in and belongs to the organization."""

    id: Annotated[str, Meta(examples=["usr_0352lF5NnllfIJ66lPpfc3"])]
    name: Annotated[str | None, about("null: users have no names yet.")]
    email: str
    role: Role
    schedule_ids: Annotated[
        list[str], about("The schedules of this organization that belong to the user.")
    ]
    two_factor: Annotated[bool, about("Whether signing in takes a second factor; false so far.")]
    last_seen_at: Annotated[
        datetime | None,
        about("When the user last signed in; null if no session of the user is left."),
    ]
    created_at: datetime


def show_user(user: ListedUser) -> dict[str, Any]:
    """The user as the API shows it; the fields of `UserBody`, ready to encode."""
    return {
        "id": ids.encode_id(ids.USER, user.id),
        "name": None,
        "email": user.email,
        "role": user.role,
        "schedule_ids": [ids.encode_id(ids.SCHEDULE, id_) for id_ in user.schedule_ids],
        "two_factor": False,
        "last_seen_at": user.last_seen_at,
        "created_at": user.created_at,
    }
