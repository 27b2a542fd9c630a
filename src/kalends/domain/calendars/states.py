"""The states of connections, of calendar syncs, and of events that Kalends writes."""

from enum import StrEnum


class ConnectionState(StrEnum):
    """`reading` until every calendar was read once, or could not be; `reconnect` if somebody has to
    sign in again, to the same account; `failing` after two hours without an answer."""

    READING = "reading"
    ACTIVE = "active"
    RECONNECT = "reconnect"
    FAILING = "failing"
    PAUSED = "paused"
    REMOVING = "removing"


class SyncState(StrEnum):
    """`running` until each calendar was read, or tried, for this sync or a later one."""

    RUNNING = "running"
    DONE = "done"


class LinkState(StrEnum):
    """`waiting` until the event is there, then `written`; `failed` if it cannot be written;
    `removed` if there shall be none any more; `asking` if it was deleted there and somebody has to
    decide."""

    WAITING = "waiting"
    WRITTEN = "written"
    FAILED = "failed"
    REMOVED = "removed"
    ASKING = "asking"
