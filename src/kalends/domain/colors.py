"""The colors that tell schedules apart."""

from enum import StrEnum


class Color(StrEnum):
    """A colour that tells schedules apart at a glance. New schedules get them in turn."""

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
