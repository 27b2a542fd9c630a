"""Statements over lists, whose short lists are sent as separate parameters.

PostgreSQL assumes that a list of unknown length has ten items. A plan for the actual one or two
then looks cheaper, by more than the estimated cost of planning, so each execution is planned anew
(docs/decisions/0034-plans.md). And the driver checks of each item whether it is a list itself,
which took more Python calls than any other part of a booking's queries.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

# As many as a batch of the outbox has under load (`Channel.least_room` of mail); longer lists are
# sent as lists.
MOST_ITEMS: Final = 10
# Short lists are padded to one of these lengths. Each length is a different SQL text, whose first
# five executions each connection plans.
FILLED_LENGTHS: Final = (1, 2, 4, MOST_ITEMS)
# A few for each statement over lists, one for each length that occurs.
TEXTS_KEPT: Final = 256
_PARAMETER: Final = re.compile(r"\$(\d+)(?:::([a-z]+)\[\])?")


class Sent(NamedTuple):
    """A statement and its arguments, as the driver takes them."""

    statement: str
    arguments: Sequence[Any]


def in_items(statement: str, arguments: Sequence[Any]) -> Sent:
    """The statement with each item of a short list as a parameter of its own. `statement` has to
    write lists with their types, such as `$2::uuid[]`."""
    lengths = tuple([len(value) if type(value) is list else None for value in arguments])
    if any(length is not None and length > MOST_ITEMS for length in lengths):
        return Sent(statement, arguments)
    items: list[Any] = []
    for value in arguments:
        if type(value) is list:
            items += value
        else:
            items.append(value)
    return Sent(_with_items(statement, lengths), items)


def in_filled_items(statement: str, arguments: Sequence[Any]) -> Sent:
    """Like `in_items`, with fewer texts: short lists are padded with NULL to one of a few lengths.
    It is for statements in which a NULL finds and changes nothing, and is numbered last."""
    return in_items(
        statement, [_filled(value) if type(value) is list else value for value in arguments]
    )


def _filled(items: list[Any]) -> list[Any]:
    length = next((one for one in FILLED_LENGTHS if len(items) <= one), len(items))
    return items + [None] * (length - len(items))


@lru_cache(maxsize=TEXTS_KEPT)
def _with_items(statement: str, lengths: tuple[int | None, ...]) -> str:
    written: list[list[int]] = []
    last = 0
    for length in lengths:
        count = 1 if length is None else length
        written.append(list(range(last + 1, last + count + 1)))
        last += count

    def replaced(parameter: re.Match[str]) -> str:
        at, type_ = int(parameter[1]) - 1, parameter[2]
        if lengths[at] is None:
            return f"${written[at][0]}" + (f"::{type_}[]" if type_ else "")
        items = ", ".join(f"${number}::{type_}" for number in written[at])
        return f"ARRAY[{items}]::{type_}[]"

    return _PARAMETER.sub(replaced, statement)
