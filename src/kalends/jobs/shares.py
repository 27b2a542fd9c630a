"""How organizations share the places of a process."""


def share_left(free: int, held: int) -> int:
    """How many of the free places an organization may take that holds some already. It may have
    half of the places that no other organization holds, so that a host of one organization that
    hangs always leaves places to the others."""
    return (free + held) // 2 - held


def places_for(free: int, held: int, least: int) -> int:
    """How many of them it takes now. None where it would get fewer than `least`, as one statement
    is to lease many lanes, unless these are as many as it holds: who holds few, or none, does not
    wait for what others hold."""
    share = share_left(free, held)
    return share if share >= min(least, max(held, 1)) else 0
