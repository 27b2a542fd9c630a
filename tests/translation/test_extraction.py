"""The script that keeps the catalogues: what it finds in the code, and what it refuses."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from scripts import messages

SAID = {
    form
    for message in messages.messages_of(messages.read(messages.TEMPLATE))
    for form in messages.forms_of(message.id)
}


def faults_of(source: str, *, template: bool = False) -> list[str]:
    calls = messages.calls_in_template if template else messages.calls_in_python
    return list(messages.call_faults(messages.SOURCES / "x.py", calls(source)))


def test_the_template_holds_what_the_code_says() -> None:
    assert list(messages.all_faults()) == []


def test_the_template_holds_pages_mails_and_calendars() -> None:
    ids = {message.id for message in messages.messages_of(messages.read(messages.TEMPLATE))}
    assert {"Your appointment is confirmed", "Choose a new password", "Busy"} <= ids


@pytest.mark.parametrize("message", sorted(SAID))
def test_every_message_can_be_filled_in(message: str) -> None:
    values = dict.fromkeys(messages.placeholders(message), "x")
    assert all(name.isidentifier() for name in values)
    assert "{" not in message.format(**values)


def test_what_the_code_says_and_the_template_lacks_is_named() -> None:
    template = messages.extract()
    template.add("Something new")
    (fault,) = messages.template_faults(template)
    assert "lacks 'Something new'" in fault


@pytest.mark.parametrize(
    "source",
    [
        'gettext(f"Hello {name}")',
        'gettext("Hello " + name)',
        "gettext(hello)",
        'ngettext("one", many, 3)',
        'pgettext(context, "Open")',
    ],
)
def test_a_message_that_is_put_together_is_refused(source: str) -> None:
    assert len(faults_of(source)) == 1


@pytest.mark.parametrize(
    "source",
    ['gettext("Hello {name}")', 'gettext("Hello", name=1)', 'gettext("Hello {name}", who=1)'],
)
def test_values_have_the_names_of_their_placeholders(source: str) -> None:
    assert len(faults_of(source)) == 1
    assert len(faults_of(f"{{{{ {source} }}}}", template=True)) == 1


def test_a_message_with_its_values_is_fine() -> None:
    source = 'ngettext("{day}, {number} booking", "{day}, {number} bookings", 3, day=day)'
    assert faults_of(source) == []
    assert faults_of(f"{{{{ {source} }}}}", template=True) == []


def test_both_forms_of_a_plural_have_the_same_placeholders() -> None:
    template = Catalog()
    template.add(("One day at {place}", "{number} days"))
    template.add(("One day", "{number} days left"))
    (fault,) = messages.message_faults(template)
    assert "One day at {place}" in fault


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Please try again in {seconds} seconds.", "seconds"),
        ("{first} to {last} days", "last"),
        (("A booking every {step} minutes", "{number} bookings every {step} minutes"), "step"),
    ],
)
def test_a_noun_that_is_counted_has_a_form_for_each_number(
    message: str | tuple[str, str], name: str
) -> None:
    template = Catalog()
    template.add(message)
    (fault,) = messages.message_faults(template)
    assert f"{{{name}}} counts" in fault


def test_a_name_with_a_verb_counts_nothing() -> None:
    template = Catalog()
    template.add("{organization} confirms each booking.")
    template.add(("{number} seat", "{number} seats"))
    template.add("{first}–{last} of {total}")
    assert list(messages.message_faults(template)) == []


def test_placeholders_have_names() -> None:
    template = Catalog()
    template.add("From {} to {0}")
    assert len(list(messages.message_faults(template))) == 1


def test_a_translation_has_the_placeholders_of_its_message() -> None:
    wrong = Message("Book with {organization}", "Buchen bei {organisation}")
    right = Message("Book with {organization}", "Buchen bei {organization}")
    missing = Message("Book with {organization}", "")
    assert len(list(messages.translation_faults("de", wrong))) == 1
    assert list(messages.translation_faults("de", right)) == []
    assert list(messages.translation_faults("de", missing)) == []


def test_a_translation_of_a_message_that_is_no_more_is_not_kept() -> None:
    catalogue, template = Catalog(locale="de"), Catalog()
    catalogue.add("Stays", "Bleibt")
    catalogue.add("Goes", "Geht")
    template.add("Stays")
    catalogue.update(template, no_fuzzy_matching=True)
    text = messages.written(catalogue)
    assert 'msgstr "Bleibt"' in text
    assert "Geht" not in text


def test_english_is_compiled_from_the_template(tmp_path: Path) -> None:
    template = Catalog()
    template.add(("{number} day", "{number} days"))
    (tmp_path / "kalends.pot").write_text(messages.written(template))
    (compiled,) = messages.compile_all(tmp_path)
    assert compiled == tmp_path / "en" / "LC_MESSAGES" / "kalends.mo"
    assert b"{number} days" in compiled.read_bytes()


@pytest.mark.parametrize(
    ("form", "faults"),
    [("Prêt ?", 1), ("« Prêt »", 1), ("Prêt\u202f?", 0), ("«\u00a0Prêt\u00a0»", 0)],
)
def test_french_has_no_space_at_which_a_sign_begins_a_line(form: str, faults: int) -> None:
    assert len(list(messages.translation_faults("fr", Message("Ready?", form)))) == faults
    assert list(messages.translation_faults("de", Message("Ready?", form))) == []
