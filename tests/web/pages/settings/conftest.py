"""Google and Microsoft of the tests, which pages connect to."""

from tests.calendars.consented.fakes import fakes, google, microsoft

__all__ = ["fakes", "google", "microsoft"]
