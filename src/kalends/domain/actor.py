"""Who did something: a key, a user, an attendee, Kalends itself, an operator, or Cal.com."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from kalends.domain.ids import API_KEY, USER


class ActorType(StrEnum):
    API_KEY = "api_key"
    USER = "user"
    ATTENDEE = "attendee"
    SYSTEM = "system"
    OPERATOR = "operator"
    CALCOM = "calcom"


class Actor(Struct, frozen=True):
    """Who did something. `id` is that of a key or a user. `name` is for people: a key's name, a
    user's address, an attendee's name; null if it is not known."""

    type: ActorType
    id: str | None = None
    name: str | None = None


ATTENDEE: Final = "attendee"
# Changes are recorded under one of these words, or under the id of a key or a user.
_TYPE_OF: Final = {
    ATTENDEE: ActorType.ATTENDEE,
    "kalends": ActorType.SYSTEM,
    "operator": ActorType.OPERATOR,
    "calcom": ActorType.CALCOM,
}
_NAME_OF: Final = {ActorType.SYSTEM: "Kalends", ActorType.CALCOM: "Cal.com"}
_TYPE_OF_PREFIX: Final = {API_KEY: ActorType.API_KEY, USER: ActorType.USER}


def actor_of(recorded: str, name: str | None) -> Actor:
    """The actor for a recorded id or word, with the name that was recorded with it."""
    if kind := _TYPE_OF_PREFIX.get(recorded.partition("_")[0]):
        return Actor(kind, recorded, name)
    kind = _TYPE_OF.get(recorded, ActorType.SYSTEM)
    return Actor(kind, None, name or _NAME_OF.get(kind))
