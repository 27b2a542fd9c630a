"""Whom a mail or an invitation is from, and to."""

from msgspec import Struct


class Person(Struct, frozen=True):
    """A name and an e-mail address."""

    name: str
    email: str
