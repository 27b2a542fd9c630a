"""A person, as senders and recipients of mails and invitations are given."""

from msgspec import Struct


class Person(Struct, frozen=True):
    """A name and an e-mail address."""

    name: str
    email: str
