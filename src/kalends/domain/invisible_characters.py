"""Finds invisible characters: a text that shows nothing must not be a name or an address."""

import re
import unicodedata
from typing import Final

# A character class without its brackets: what Unicode calls default-ignorable, and the blank
# Braille pattern. It includes joiners and variation selectors, which are legitimate in several
# scripts and in emoji, but show nothing by themselves.
INVISIBLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# For the patterns of fields: requires at least one visible character.
NOT_BLANK: Final = rf"(?=[\s\S]*[^\s{INVISIBLE}])"
_BLANK: Final = re.compile(rf"[\s{INVISIBLE}]*")
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
NONCHARACTERS_IN_A_PLANE: Final = 0xFFFE


def is_blank(text: str) -> bool:
    """Whether the text has no visible character."""
    return _BLANK.fullmatch(text) is not None


def has_hidden_characters(text: str) -> bool:
    """Whether the text has any invisible character: a space, a control, a direction mark, a joiner
    or a noncharacter."""
    if text.isascii() and text.isprintable():  # as most addresses are
        return " " in text
    return _INVISIBLE.search(text) is not None or any(map(_is_unseen, text))


def _is_unseen(character: str) -> bool:
    code = ord(character)
    is_none = code & 0xFFFF >= NONCHARACTERS_IN_A_PLANE or 0xFDD0 <= code <= 0xFDEF
    return is_none or unicodedata.category(character) in _UNSEEN_CATEGORIES
