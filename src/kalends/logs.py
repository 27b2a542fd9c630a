"""Logging: one line for each event on standard error, as JSON or as text for people.

No line contains a secret, a key, a cookie or an e-mail address, whichever library logs it:
exceptions are shown without local variables and without the driver's details, which quote rows, and
anything that looks like a key or an address is redacted in the finished text.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from msgspec import json

EventDict = MutableMapping[str, Any]

STDERR: Final = 2
LEVELS: Final = {"warn": "warning", "exception": "error"}
PLAIN: Final = (int, float, type(None))
KEY: Final = re.compile(r"\b(wk_(?:live|test)|whsec|kalends_session)([_=])[\w+/=.-]+")
ADDRESS: Final = re.compile(r"[^\s@\"'<>(),:;=/\\]+@[^\s@\"'<>(),:;=/\\]+")
CREDENTIALS: Final = re.compile(r"(\w+://[^\s:/@\"]*):[^\s@\"]+@")
# Libraries that log every request with its URL, or every step of a migration.
QUIET: Final = ("httpx", "httpcore", "asyncio", "alembic")


def set_up_logs(level: str, form: str) -> None:
    """Configures structlog and the standard library's loggers to write the same lines. `level` is
    debug, info, warning or error; `form` is json or text."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _show_exception,
        _blacken,
    ]
    render = _as_json if form == "json" else _as_text()
    structlog.configure(
        processors=[_in_one_step] if form == "json" else [*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Line,
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class _Line:
    """structlog's logger: writes each line whole, so that lines of several processes do not mix."""

    def __init__(self, name: str = "kalends") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        _write(line)

    debug = info = warning = error = critical = exception = log = msg


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:
            self.handleError(record)


def _write(line: str) -> None:
    """Writes a line to standard error, and ignores errors such as a full disk or a closed pipe."""
    data = line.encode(errors="backslashreplace") + b"\n"
    try:
        while data:
            data = data[os.write(STDERR, data) :]
    except OSError:
        return


def _as_json(_: Any, __: str, event: EventDict) -> str:
    first = {"at": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event")}
    named = first | dict(event)
    return json.encode(named, enc_hook=repr).decode()


def _in_one_step(logger: Any, method: str, event: EventDict) -> str:
    """Renders a JSON line in one call instead of six processors, since each request logs one."""
    if "exc_info" in event:
        _show_exception(logger, method, event)
    first = {
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "level": LEVELS.get(method, method),
        "event": redacted(event.pop("event")),
    }
    named = first | dict(_blacken(logger, method, event)) | {"logger": logger.name}
    return json.encode(named, enc_hook=repr).decode()


def _as_text() -> Callable[[Any, str, EventDict], str]:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def redacted(text: str) -> str:
    """The text without what looks like a key, a cookie, a password in a URL, or an address."""
    if "@" in text:
        text = ADDRESS.sub("[address]", CREDENTIALS.sub(r"\1:[password]@", text))
    if "wk_" in text or "whsec_" in text or "kalends_session" in text:
        text = KEY.sub(r"\1\2[secret]", text)
    return text


def _blacken(_: Any, __: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redacted(value)
        elif not isinstance(value, PLAIN) and not name.startswith("_"):
            event[name] = redacted(repr(value))
    return event


def _show_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """Replaces `exc_info` by a text: traceback and message of each exception in the chain."""
    exc_info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if exc_info is True else exc_info
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "".join(_error_lines(error, set()))
    return event


def _error_lines(error: BaseException, printed_ids: set[int]) -> list[str]:
    if id(error) in printed_ids:
        return []
    printed_ids.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    parts = [*_error_lines(cause, printed_ids), "and then:\n"] if cause is not None else []
    parts += traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__)).format()
    parts.append(f"{_name(error)}: {_first_line(error)}\n")
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        parts += _error_lines(member, printed_ids)
    return parts


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _first_line(error: BaseException) -> str:
    """The first line of the message: in the lines below, the driver quotes the row it refused."""
    return (str(error).splitlines() or [""])[0]
