"""Which of an organization's own words a mail has."""

import pytest

from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import TemplateScope, find_scope, languages_sought

CUT, COLOUR = new_id(), new_id()
OF_ALL, OF_CUT = None, CUT
SCOPES = [
    TemplateScope(kind="confirmed", audience="attendee", locale=locale, event_type_id=about)
    for locale, about in [
        ("de", OF_ALL),
        ("en", OF_ALL),
        ("de-AT", OF_ALL),
        (None, OF_ALL),
        ("de", OF_CUT),
    ]
]


@pytest.mark.parametrize(
    ("tag", "about", "expected"),
    [
        ("de-AT", CUT, ("de", CUT)),
        ("de-AT", COLOUR, ("de-AT", None)),
        ("de-CH", None, ("de", None)),
        ("de-Latn-AT", None, ("de", None)),
        ("fr", CUT, (None, None)),
        ("en-GB", CUT, ("en", None)),
    ],
)
def test_the_event_type_comes_first_then_the_language(
    tag: str, about: object, expected: object
) -> None:
    found = find_scope(
        SCOPES,
        MailKind.CONFIRMED,
        Audience.ATTENDEE,
        about,  # type: ignore[arg-type]
        languages_sought(tag, tag[:2]),
    )
    assert found is not None
    assert (found.locale, found.event_type_id) == expected


def test_another_kind_or_audience_has_none() -> None:
    for kind, audience in [
        (MailKind.CANCELLED, Audience.ATTENDEE),
        (MailKind.CONFIRMED, Audience.HOST),
    ]:
        assert find_scope(SCOPES, kind, audience, None, ["de"]) is None


def test_who_reads_a_language_without_words_of_ours_gets_english() -> None:
    assert languages_sought("sv-SE", "en") == ["sv-SE", "sv", "en"]
    assert languages_sought(None, "en") == ["en"]


def test_portuguese_is_brazilian() -> None:
    assert languages_sought("pt", "pt") == ["pt", "pt-BR"]
    assert languages_sought("pt-PT", "pt") == ["pt-PT", "pt", "pt-BR"]
    assert languages_sought("sv", "pt") == ["sv", "pt-BR", "pt"]
