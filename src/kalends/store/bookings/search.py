"""Turns what is typed to search for bookings into patterns on `bookings.search_text`.

One function of the database folds (normalizes) both that text and the search terms.
"""

import re
from collections.abc import Iterator
from typing import Final

from kalends.store.database import Tx

LONGEST_SEARCH_TEXT: Final = 200
MOST_TERMS: Final = 8
# Shorter terms only match at the beginning of a word, as a trigram index can find nothing else.
SHORTEST_PART: Final = 3
FEWEST_DIGITS: Final = 3
# Phone numbers are typed in many groupings, so consecutive groups of digits are one term.
_NUMBERS: Final = re.compile(r"[0-9+()./ -]*[0-9][0-9+()./ -]*")
_SPECIAL: Final = re.compile(r"([\\%_])")

FOLD: Final = """
SELECT search_folded(term), search_digits(term)
FROM unnest($1::text[]) WITH ORDINALITY AS given (term, place) ORDER BY place
"""

Patterns = tuple[tuple[str, ...], ...]


async def find_patterns(tx: Tx, text: str) -> Patterns:
    """For each term of the text its patterns, of which one has to match; empty for an empty text.

    Characters beyond LONGEST_SEARCH_TEXT and terms beyond MOST_TERMS are ignored.
    """
    terms = list(_terms_in(text[:LONGEST_SEARCH_TEXT]))[:MOST_TERMS]
    folded = await tx.fetch(FOLD, terms) if terms else []
    return tuple(
        tuple(_patterns_of(plain, digits if _NUMBERS.fullmatch(term) else ""))
        for term, (plain, digits) in zip(terms, folded, strict=True)
    )


def address_pattern(address: str) -> str | None:
    """A pattern on the folded text that matches all bookings whose mail address contains this.

    It uses the part before the @, as the one after it is rarely selective. None if that part is
    missing or short, or if it does not fold as `lower()` does.
    """
    name, at, _ = address.partition("@")
    is_plain = name.isascii() and name.isprintable() and " " not in name
    return f"%{_escaped(name.lower())}%" if at and is_plain and len(name) >= SHORTEST_PART else None


def _terms_in(text: str) -> Iterator[str]:
    """The words of the text, and its groups of numbers: `Ada +49 30 1` has two terms."""
    numbers: list[str] = []
    for word in text.split():
        if _NUMBERS.fullmatch(word) or (numbers and not re.search(r"\w", word)):
            numbers.append(word)
            continue
        if numbers:
            yield " ".join(numbers)
            numbers = []
        yield word
    if numbers:
        yield " ".join(numbers)


def _patterns_of(plain: str, digits: str) -> Iterator[str]:
    yield _pattern(plain)
    # A number begins with 0 if it is dialled within the country, and with 00 or + from abroad.
    number = digits.lstrip("0")
    if len(number) >= FEWEST_DIGITS and number != plain:
        yield _pattern(number)


def _pattern(folded: str) -> str:
    escaped = _escaped(folded)
    return f"%{escaped}%" if len(folded) >= SHORTEST_PART else f"% {escaped}%"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
