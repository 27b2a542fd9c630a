"""The nouns of booking and their rules. Pure: no clock, no database, no network.

Nouns are frozen `msgspec.Struct`s, not dataclasses: a page of fifty bookings builds fifty of them,
and a frozen dataclass of thirty fields costs ten times as much to build.
"""
