"""The colors that tell schedules apart."""

from enum import StrEnum


class Color(StrEnum):
    """What tells schedules apart at a glance. Given out in turn, in the order of migration 0023."""

    BLUE = "blue"
    ORANGE = "orange"
    GREEN = "green"
    PURPLE = "purple"
    RED = "red"
    TEAL = "teal"
    YELLOW = "yellow"
    PINK = "pink"
    INDIGO = "indigo"
    LIME = "lime"
    BROWN = "brown"
    CYAN = "cyan"
