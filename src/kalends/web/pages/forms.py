"""Reading queries and forms: names with the texts that were given, nothing else."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from kalends.domain.errors import Invalid
from kalends.domain.invisible_characters import is_blank

# Enough for the largest form: an event type with fifty questions.
MOST_FIELDS = 1000


class FormFields(Mapping[str, str]):
    """What was given, each name with its first value. `all_of` has the others too."""

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
        """The value without what stands around it; empty where there is none that shows."""
        value = self.get(name, "").strip()
        return "" if is_blank(value) else value


def read_fields(raw: bytes) -> FormFields:
    """`application/x-www-form-urlencoded`; line breaks come out as newlines.

    Raises Invalid for what is not UTF-8, holds NUL, or has too many fields.
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
