"""Language tags (BCP 47), in the one form that each has."""

import re
from typing import Any, Final

from langcodes import Language, standardize_tag, tag_is_valid

LONGEST_TAG: Final = 100
_SHAPE: Final = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)


class LanguageTag(str):
    """A language, and perhaps its script, country and more, of what is registered."""

    __slots__ = ()
    SCHEMA: Final[dict[str, Any]] = {
        "type": "string",
        "maxLength": LONGEST_TAG,
        "description": "A language tag (BCP 47), answered in its canonical form.",
        "examples": ["de-CH"],
    }

    @classmethod
    def parse(cls, text: str) -> "LanguageTag":
        """The tag in its canonical form (`DE-ch` is de-CH, `iw` is he). Raises ValueError."""
        if len(text) > LONGEST_TAG or not _SHAPE.fullmatch(text):
            raise ValueError("must be a language tag, such as de-CH")
        try:
            if not tag_is_valid(text):
                raise ValueError("must be a language tag of registered parts, such as de-CH")
            return cls(standardize_tag(text))
        finally:
            _forget()


def _forget() -> None:
    """langcodes keeps whatever it has read, for good; here everybody gives it something."""
    Language._PARSE_CACHE.clear()
    Language._INSTANCES.clear()
