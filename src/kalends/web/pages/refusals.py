"""Says why something was refused: in English by the API's sentence, which has the most detail, and
in other languages by a sentence for its code."""

from typing import Final

from kalends.domain.errors import Invalid, KalendsError, NotSaved, Refused
from kalends.translation import SOURCE_LANGUAGE, current_language, gettext, gettext_lazy

_WORDS: Final = {
    "SLOT_TAKEN": gettext_lazy("This time has just been taken by somebody else."),
    "HOLD_EXPIRED": gettext_lazy("This time is no longer free."),
    "INACTIVE": gettext_lazy("This takes no bookings just now."),
    "INVALID_STATUS_TRANSITION": gettext_lazy("The booking cannot get this status any more."),
    "NOT_RESCHEDULABLE": gettext_lazy("This booking can no longer be moved."),
    "IN_USE": gettext_lazy("This is still needed: a service takes it, or bookings to come."),
    "NOT_FOUND": gettext_lazy("This is not there any more."),
    "STALE": gettext_lazy("Somebody changed this meanwhile. Please look again."),
}


def refusal_words(error: KalendsError) -> str:
    """The sentence about an error. A refusal by a rule of availability has its sentence already; a
    form that is only not saved yet gets none, as its page says so by itself."""
    if isinstance(error, NotSaved):
        return ""
    if isinstance(error, Refused):
        return error.message
    if isinstance(error, Invalid) and error.details and not _is_english():
        return gettext("Something does not fit") + "."
    return words_of_code(error.code, error.message)


def words_of_code(code: str | None, message: str) -> str:
    """The sentence for an error code; `message` is the API's sentence."""
    return message if _is_english() or code not in _WORDS else str(_WORDS[code])


def _is_english() -> bool:
    return current_language() == SOURCE_LANGUAGE
