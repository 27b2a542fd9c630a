"""What somebody typed into a form that is not taken any more: shown, so that it can be copied."""

from typing import Final

from kalends.web.console.fields import label_of
from kalends.web.pages.forms import FormFields

# The last part of the names of fields for words; what is chosen or counted is soon set again.
_WORDS: Final = frozenset(
    {
        *("name", "public_name", "description", "location", "label", "options", "subject", "body"),
        *("reason", "notes", "title", "email", "url", "website", "redirect_url"),
        *("notify_email", "more_notify_emails"),
    }
)


def words_in(form: FormFields) -> list[tuple[str, str]]:
    """What each field is called, and what was typed into it."""
    typed = [(name, form.text(name)) for name in form if name.rpartition(".")[2] in _WORDS]
    return [(_label(name), text) for name, text in typed if text]


def _label(name: str) -> str:
    """Of a part of one of several, that of such a part where it has none of its own."""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    return label_of(name) or label_of(f"{first}.{last}")
