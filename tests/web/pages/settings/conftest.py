"""The providers of the tests, which pages connect to."""

from tests.calendars.fakes import google, google_running, microsoft, microsoft_running

__all__ = ["google", "google_running", "microsoft", "microsoft_running"]
