"""The id by which a request is known in its answer and in the log."""

import re
import secrets
from collections.abc import Iterable
from typing import Final

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The `X-Request-Id` that the client sent, if it is 8 to 64 plain characters; else a new id."""
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
            if REQUEST_ID.fullmatch(request_id):
                return request_id
    return secrets.token_hex(8)
