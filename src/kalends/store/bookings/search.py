"""What is typed to search for bookings, as patterns on their folded text (`bookings.search_text`).

The text and what is searched in it are folded by one function of the database.
"""

import re
from collections.abc import Iterator
from typing import Final

from kalends.store.database import Tx

LONGEST_SEARCH_TEXT: Final = 200
MOST_TERMS: Final = 8
# Shorter ones are looked for where words begin: an index of trigrams knows nothing else of them.
SHORTEST_PART: Final = 3
FEWEST_DIGITS: Final = 3
# Numbers are typed in many groupings, so those that follow each other are one.
_NUMBERS: Final = re.compile(r"[0-9+()./ -]*[0-9][0-9+()./ -]*")
_SPECIAL: Final = re.compile(r"([\\%_])")

FOLD: Final = """
SELECT search_folded(term), search_digits(term)
FROM unnest($1::text[]) WITH ORDINALITY AS given (term, place) ORDER BY place
"""

Patterns = tuple[tuple[str, ...], ...]


async def find_patterns(tx: Tx, text: str) -> Patterns:
    """For each term of the text the patterns of which one has to fit; none for an empty text.

    At most LONGEST_SEARCH_TEXT characters of it and MOST_TERMS terms count.
    """
    terms = list(_terms_in(text[:LONGEST_SEARCH_TEXT]))[:MOST_TERMS]
    folded = await tx.fetch(FOLD, terms) if terms else []
    return tuple(
        tuple(_patterns_of(plain, digits if _NUMBERS.fullmatch(term) else ""))
        for term, (plain, digits) in zip(terms, folded, strict=True)
    )


def address_pattern(address: str) -> str | None:
    """A pattern that the folded text of each booking fits whose address holds this, in any case.

    It is what stands before the @, which is rare, as what stands after it is not. None where that
    is missing or short, and for what does not fold as `lower()` does.
    """
    name, at, _ = address.partition("@")
    is_plain = name.isascii() and name.isprintable() and " " not in name
    return f"%{_escaped(name.lower())}%" if at and is_plain and len(name) >= SHORTEST_PART else None


def _terms_in(text: str) -> Iterator[str]:
    """The words, and the numbers with all that follow them: `Ada +49 30 1` is two terms."""
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
    # What is dialled at home begins with 0, what is dialled from elsewhere with 00 or +.
    number = digits.lstrip("0")
    if len(number) >= FEWEST_DIGITS and number != plain:
        yield _pattern(number)


def _pattern(folded: str) -> str:
    escaped = _escaped(folded)
    return f"%{escaped}%" if len(folded) >= SHORTEST_PART else f"% {escaped}%"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
