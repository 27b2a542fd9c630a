"""The nouns of booking and their rules. Pure: no clock, no database, no network.

Nouns are frozen `msgspec.Struct`s rather than dataclasses, since a frozen dataclass of thirty
fields costs ten times as much to build and a page has fifty bookings. The docstrings of enums that
the API shows are texts of OpenAPI, too.
"""
