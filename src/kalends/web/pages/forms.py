"""Reads queries and URL-encoded forms as names with texts, without interpreting these."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from kalends.domain.errors import Invalid
from kalends.domain.invisible_characters import is_blank

# Enough for the largest form: an event type with fifty questions.
MOST_FIELDS = 1000


class FormFields(Mapping[str, str]):
    """The fields of a query or form, each name with its first value; `all_of` gives all values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all_of(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def text(self, name: str) -> str:
        """The value without surrounding blanks; empty if it has no visible character."""
        value = self.get(name, "").strip()
        return "" if is_blank(value) else value


def read_fields(raw: bytes) -> FormFields:
    """Reads `application/x-www-form-urlencoded`; line breaks become newlines.

    Raises Invalid if it is not UTF-8, contains NUL, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise Invalid("What was sent is no form that we know.") from None
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise Invalid("What was sent holds a character that is not allowed.")
    return FormFields([(name, value.replace("\r\n", "\n")) for name, value in pairs])
