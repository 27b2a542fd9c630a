"""What the tests' Google, Microsoft and Zoom may do besides; each knows some of it."""

from enum import Enum, auto


class Quirk(Enum):
    DOWN = auto()
    TOO_MANY = auto()
    # What is written is taken, and the answer does not come.
    LOSES_ANSWERS = auto()
    TOKENS_EXPIRE = auto()
    NO_PUSH = auto()
    PUSHES_TWICE = auto()

    # Google.
    RATE_LIMITED = auto()
    QUOTA = auto()
    NO_PRIVATE_PROPERTIES = auto()

    # Microsoft. Another creation under the same name makes another event.
    FORGETS_TRANSACTIONS = auto()
    # It answers with that other event, whatever is to be created.
    ANSWERS_THE_FIRST = auto()
    # The last page of a list of changes has no link to go on with.
    BREAKS_OFF = auto()
    # Entities come twice in a round.
    REPEATS = auto()

    # Zoom.
    HANGS = auto()
    # The meeting is made, and nothing is answered for a long while.
    HANGS_AFTER = auto()
    LACKS_SCOPE = auto()
