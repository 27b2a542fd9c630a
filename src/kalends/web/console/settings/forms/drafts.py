"""A form while it is being filled in: what is typed, its faults, and the version of the thing that
it was rendered from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from kalends.domain.errors import Detail, Invalid, KalendsError, SlugTaken, Stale
from kalends.domain.faults import FaultCode
from kalends.formats.encoding import encode
from kalends.translation import gettext, gettext_lazy, ngettext
from kalends.web.console.fields import label_of
from kalends.web.console.settings.forms.seen import (
    DIGEST_FIELD,
    SEEN_FIELDS,
    VERSION_FIELD,
    IsShown,
    digest_of,
)
from kalends.web.http.errors import status_of
from kalends.web.pages.forms import FormFields
from kalends.web.pages.refusals import refusal_words

_NO_SPAN: Final = gettext_lazy(
    "Please enter a whole number of minutes, or a length such as 2h or 1d."
)
_SENTENCES: Final = {
    FaultCode.MISSING: gettext_lazy("Please fill this in."),
    FaultCode.TOO_MANY: gettext_lazy("These are too many: at most {limit}."),
    FaultCode.NONE_CHOSEN: gettext_lazy("Please choose at least one."),
    FaultCode.TOO_SMALL: gettext_lazy("This is too small: {limit} or more."),
    FaultCode.TOO_LARGE: gettext_lazy("This is too large: at most {limit}."),
    FaultCode.NOT_A_NUMBER: gettext_lazy("Please enter a whole number."),
    FaultCode.UNFIT_CHARACTERS: gettext_lazy(
        "This is empty, or holds a character that is not allowed here."
    ),
    FaultCode.NOT_AFTER_START: gettext_lazy("It must be after the start."),
    FaultCode.LAST_OWNER: gettext_lazy(
        "This is the only owner. Please make somebody else an owner first."
    ),
    FaultCode.OWNERS_ALONE: gettext_lazy(
        "The role of an owner is given and taken by owners alone."
    ),
    FaultCode.TOO_MANY_PLACEHOLDERS: gettext_lazy(
        "These are too many placeholders: at most {limit}."
    ),
    FaultCode.UNKNOWN_PLACEHOLDER: gettext_lazy("There is no placeholder {limit}."),
    FaultCode.PLACEHOLDER_IN_LINK: gettext_lazy(
        "A placeholder cannot stand in the address of a link."
    ),
    FaultCode.OPEN_BRACE: gettext_lazy(
        "A brace is not closed. Where a brace is meant, please write two of them."
    ),
    FaultCode.TAKEN: gettext_lazy(
        "There is a text for this message, in this language, already. Please change that one."
    ),
    FaultCode.NO_PICTURE: gettext_lazy(
        "This is no picture that can be used: PNG, JPEG or WebP, at most 2 MB and 12 million "
        "pixels."
    ),
    FaultCode.CALL_NEEDS_CALENDAR: gettext_lazy(
        "The first schedule has to write its bookings into a calendar of Google (for Meet) or "
        "Microsoft (for Teams): please choose one on the page of that schedule."
    ),
    FaultCode.CALL_NEEDS_ACCOUNT: gettext_lazy(
        "This is not set up yet: please do so in the settings, under video calls."
    ),
    FaultCode.CALL_NEEDS_SERVER: gettext_lazy(
        "No Jitsi server is set up. Whoever runs this installation can name one."
    ),
    FaultCode.NEVER_OFF: gettext_lazy("Attendees rely on this message: it cannot be switched off."),
}
CHANGED_MEANWHILE: Final = gettext_lazy(
    "Somebody else changed this while you were at it. What you typed is below, and not saved yet. "
    "Save again to put yours in place of theirs, or open the page anew to see theirs."
)
_ADDRESS_TAKEN: Final = gettext_lazy("This address is taken. Please choose another one.")
# The sentences about a limit that need its number for their plural.
_COUNTS: Final[Mapping[FaultCode, Callable[[int], str]]] = {
    FaultCode.TOO_LONG: lambda limit: ngettext(
        "This is too long: at most {number} character.",
        "This is too long: at most {number} characters.",
        limit,
    ),
    FaultCode.TOO_FAR_AFTER_START: lambda limit: ngettext(
        "It must be at most {number} day after the start.",
        "It must be at most {number} days after the start.",
        limit,
    ),
}


@dataclass(frozen=True)
class Draft:
    """A form as it is shown: `faults` by field, and a `problem` of the form as a whole."""

    typed: FormFields
    faults: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    status: int = 200

    @classmethod
    def of_values(cls, values: Mapping[str, str | Iterable[str]]) -> Self:
        """A form filled in from values."""
        pairs: list[tuple[str, str]] = []
        for name, value in values.items():
            pairs += [(name, value)] if isinstance(value, str) else [(name, one) for one in value]
        return cls(FormFields(pairs))

    @classmethod
    def with_faults(
        cls, typed: FormFields, error: KalendsError, version: int | None = None, digest: str = ""
    ) -> Self:
        """The typed form with the faults of the error at its fields.

        If the error is Stale, the form takes the current `version`, and the `digest` of its section
        in it: sending it once more overwrites the changes made meanwhile.
        """
        status = status_of(error)
        if isinstance(error, Stale):
            typed_fields = [(n, v) for n in typed if n not in SEEN_FIELDS for v in typed.all_of(n)]
            now = (VERSION_FIELD, "" if version is None else str(version))
            # A page of the previous release has no digest, and fields of several sections.
            shown = (DIGEST_FIELD, digest if DIGEST_FIELD in typed else "")
            fields = FormFields([*typed_fields, now, shown])
            return cls(fields, problem=str(CHANGED_MEANWHILE), status=status)
        if isinstance(error, SlugTaken):
            return cls(typed, {"slug": str(_ADDRESS_TAKEN)}, status=status)
        faults = faults_of(error)
        problem = None if faults else refusal_words(error)
        return cls(typed, faults, problem, status)

    def with_problem(self, error: KalendsError) -> Self:
        """The same form, with the reason why another action on its page failed."""
        return type(self)(self.typed, problem=_why_not(error), status=status_of(error))

    def at_fields(self, name_of: Callable[[str], str]) -> Self:
        """The same form, with each fault moved from the API's field to the one of this form."""
        return replace(self, faults={name_of(name): text for name, text in self.faults.items()})

    def with_digest(self, digest: str) -> Self:
        """The form with the digest of what it was rendered from."""
        pairs = [(name, value) for name in self.typed for value in self.typed.all_of(name)]
        return replace(self, typed=FormFields([*pairs, (DIGEST_FIELD, digest)]))

    def in_section(self, is_shown: IsShown) -> Self:
        """The form, filled in from what is stored, with the digest of the fields of a section."""
        return self.with_digest(digest_of(self.typed, is_shown))

    def beyond(self, is_shown: Callable[[str], bool]) -> list[tuple[str, str]]:
        """The names and values of fields that were sent but that the page does not show."""
        hidden = [name for name in self.typed if name not in SEEN_FIELDS and not is_shown(name)]
        return [(name, value) for name in hidden for value in self.typed.all_of(name)]

    def values(self, place_of: Callable[[str], str] = "#{}".format) -> dict[str, Any]:
        """The values that templates of forms need. `place_of` gives the link to a field, which may
        be on another page than the form."""
        at_fault = [(place_of(n), label_of(n), fault) for n, fault in self.faults.items()]
        problem = self.problem
        return {
            "typed": self.typed,
            "faults": self.faults,
            "at_fault": at_fault,
            "label_of": label_of,
            "problem": problem,
        }


def _why_not(error: KalendsError) -> str:
    if isinstance(error, Stale):
        return gettext(
            "Somebody else changed this while you were at it. Please look at it once more."
        )
    sentences = (_sentence_for(detail) for detail in error.details)
    return next((sentence for sentence in sentences if sentence), refusal_words(error))


def faults_of(error: KalendsError) -> dict[str, str]:
    return {detail.field: _words_for(detail) for detail in error.details}


def check(values: Mapping[str, Any], parse: Callable[[bytes], Any]) -> None:
    """Parses each field by itself and raises Invalid with all faults; the API's parser alone would
    stop at the first."""
    details: list[Detail] = []
    for name, value in values.items():
        try:
            parse(encode({name: value}))
        except Invalid as error:
            details += error.details
    if details:
        raise Invalid("Some fields need another look.", details)


def _words_for(detail: Detail) -> str:
    """The sentence about a fault for the person at the form; without one of ours, the API's."""
    return _sentence_for(detail) or gettext("It {message}.", message=detail.message)


def _sentence_for(detail: Detail) -> str | None:
    fault = detail.fault
    if fault is not None and fault.code in _COUNTS:
        return _COUNTS[fault.code](int(fault.limit or 0))
    if fault is None or fault.code not in _SENTENCES:
        return None
    if fault.code is FaultCode.NOT_A_NUMBER and "minutes" in detail.field:
        return str(_NO_SPAN)
    return _SENTENCES[fault.code].format(limit=fault.limit)
