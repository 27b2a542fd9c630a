"""Which columns of a statement are equal to one another, and to a parameter."""

from typing import Final

# The level that the column belongs to, its table's alias, and its name.
Column = tuple[int, str, str]
# All parameters are one: no statement is asked for two organizations.
PARAMETER: Final[Column] = (0, "$", "n")


class Equalities:
    """Classes of columns that are equal."""

    def __init__(self, above: dict[Column, Column] | None = None) -> None:
        self._above = dict(above or {})

    def copy(self) -> "Equalities":
        """The same ones, to which more can be added."""
        return Equalities(self._above)

    def equate(self, one: Column, other: Column) -> None:
        self._above[self._top_of(one)] = self._top_of(other)

    def has_parameter(self, column: Column) -> bool:
        return self._top_of(column) == self._top_of(PARAMETER)

    def _top_of(self, column: Column) -> Column:
        while (above := self._above.get(column, column)) != column:
            column = above
        return column
