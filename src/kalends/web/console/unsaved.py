"""The words that a user typed into a form that is refused; shown so that they can be copied."""

from typing import Final

from kalends.web.console.fields import label_of
from kalends.web.pages.forms import FormFields

# Fields that people write words in, by the last part of their names. Choices and numbers are left
# out, as they are quickly entered again.
_WORDS: Final = frozenset(
    {
        *("name", "public_name", "description", "location", "label", "options", "subject", "body"),
        *("reason", "notes", "title", "email", "url", "website", "redirect_url"),
        *("notify_email", "more_notify_emails"),
    }
)


def words_in(form: FormFields) -> list[tuple[str, str]]:
    """The label of each such field, and what was typed into it."""
    typed = [(name, form.text(name)) for name in form if name.rpartition(".")[2] in _WORDS]
    return [(_label(name), text) for name, text in typed if text]


def _label(name: str) -> str:
    """The label of a field; a field in a row may share the label of that field in all rows."""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    return label_of(name) or label_of(f"{first}.{last}")
