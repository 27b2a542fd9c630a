"""State tokens: the state of a calendar as text, which callers keep and give back."""

from typing import TypeVar

import msgspec

State = TypeVar("State", bound=msgspec.Struct)


def encode_token(state: msgspec.Struct) -> str:
    return msgspec.json.encode(state).decode()


def decode_token(token: str, kind: type[State]) -> State | None:
    """The state; None if the text is not a token that `encode_token` made of such a state."""
    try:
        return msgspec.json.decode(token, type=kind)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def text_to_keep(text: str | None, longest: int) -> str | None:
    """A server's version text, or None if it is longer than a token should be."""
    return text if text and len(text) <= longest else None
