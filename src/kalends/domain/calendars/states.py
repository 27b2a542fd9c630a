"""How connections, syncs of them, and events that we write there do."""

from enum import StrEnum


class ConnectionState(StrEnum):
    """`READING` until every calendar has been read once, or could not be; `RECONNECT` wants
    somebody to sign in anew, to the same account; `FAILING` after two hours without an answer."""

    READING = "reading"
    ACTIVE = "active"
    RECONNECT = "reconnect"
    FAILING = "failing"
    PAUSED = "paused"
    REMOVING = "removing"


class SyncState(StrEnum):
    """`RUNNING` until each calendar has been read, or tried, for it or for a later sync."""

    RUNNING = "running"
    DONE = "done"


class LinkState(StrEnum):
    """`WAITING` until it is there; `FAILED` where it cannot be written; `REMOVED` where there is to
    be none any more; `ASKING` where it was deleted there, and somebody has to decide."""

    WAITING = "waiting"
    WRITTEN = "written"
    FAILED = "failed"
    REMOVED = "removed"
    ASKING = "asking"
