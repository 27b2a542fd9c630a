"""How organizations share the places of a process."""


def share_left(free: int, held: int) -> int:
    """How many of the free places an organization may take that holds some already: at most half
    of those that no other holds are its own, so that what hangs at one of its hosts always leaves
    places to all others."""
    return (free + held) // 2 - held
