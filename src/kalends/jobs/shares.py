"""How organizations share the places of a process."""


def share_left(free: int, held: int) -> int:
    """How many of the free places an organization may take that holds some already. It may have
    half of the places that no other organization holds, so that a host of one organization that
    hangs always leaves places to the others."""
    return (free + held) // 2 - held
