"""Real CalDAV servers, started once in a session."""

from tests.caldav_servers import radicale, sabre, xandikos

__all__ = ["radicale", "sabre", "xandikos"]
