"""An event type's own texts by language: which a reader sees, and how they follow changes."""

from kalends.domain.event_type import EventTypeTexts, Question, QuestionTexts, QuestionType
from kalends.domain.translations import (
    TranslatedQuestion,
    carried_over,
    faults_of,
    fitting,
    questions_in,
    texts_in,
    title_in,
)

SIZE = Question(key="size", label="Size?", type=QuestionType.SELECT, options=["small", "large"])
WHY = Question(key="why", label="Why?")
GERMAN = EventTypeTexts(
    name="Haarschnitt",
    description="Waschen inbegriffen",
    questions={"size": QuestionTexts(label="Größe?", options=["klein", "groß"])},
)
AUSTRIAN = EventTypeTexts(name="Haareschneiden")
TRANSLATIONS = {"de": GERMAN, "de-AT": AUSTRIAN}


def test_each_text_is_in_the_first_language_that_has_it() -> None:
    texts = texts_in(TRANSLATIONS, ["de-AT", "de", "en"])
    assert (texts.name, texts.description) == ("Haareschneiden", "Waschen inbegriffen")
    assert texts.questions["size"].label == "Größe?"
    assert texts_in(TRANSLATIONS, ["fr", "en"]) == EventTypeTexts()


def test_options_are_shown_translated_and_stay_what_they_are() -> None:
    size, why = questions_in([SIZE, WHY], GERMAN)
    assert (size.label, size.options) == ("Größe?", ["small", "large"])
    assert [size.text_of(one) for one in ("large", "gone")] == ["groß", "gone"]
    assert why == WHY


def test_options_that_do_not_fit_are_shown_as_they_are() -> None:
    (size,) = questions_in([SIZE], EventTypeTexts(questions={"size": QuestionTexts(options=["x"])}))
    assert isinstance(size, TranslatedQuestion)
    assert size.text_of("large") == "large"


def test_a_title_of_its_own_is_not_translated() -> None:
    assert title_in("Haircut", "Haircut", GERMAN) == "Haarschnitt"
    assert title_in("For Ada", "Haircut", GERMAN) == "For Ada"
    assert title_in("Haircut", "Haircut", EventTypeTexts()) == "Haircut"


def test_translations_follow_their_questions() -> None:
    more = Question(key="size", label="Size?", type=SIZE.type, options=["large", "huge", "small"])
    after = carried_over(TRANSLATIONS, [SIZE, WHY], [more])
    assert after["de"].questions["size"].options == ["groß", "huge", "klein"]
    assert after["de"].name == "Haarschnitt"
    gone = carried_over(TRANSLATIONS, [SIZE, WHY], [WHY])
    assert gone["de"].questions == {}
    without = Question(key="size", label="Size?")
    (texts,) = carried_over({"de": GERMAN}, [SIZE], [without]).values()
    assert texts.questions["size"] == QuestionTexts(label="Größe?")


def test_what_does_not_fit_the_questions_is_named() -> None:
    consent = Question(key="ok", label="Ok", type=QuestionType.CONSENT)
    links = "[a](https://a.example) [b](https://b.example)"
    translations = {
        "de": EventTypeTexts(
            questions={
                "size": QuestionTexts(options=["klein"]),
                "what": QuestionTexts(label="Was?"),
                "why": QuestionTexts(label="Warum?", options=["weil"]),
                "ok": QuestionTexts(label=links),
            }
        )
    }
    assert [field for field, _ in faults_of(translations, [SIZE, WHY, consent])] == [
        "translations.de.questions.size.options",
        "translations.de.questions.what",
        "translations.de.questions.why.options",
        "translations.de.questions.ok.label",
    ]
    assert not list(faults_of(TRANSLATIONS, [SIZE]))


def test_what_fits_no_longer_can_be_left_out() -> None:
    stale = EventTypeTexts(
        name="Coupe", questions={"size": QuestionTexts(options=["x"]), "gone": QuestionTexts()}
    )
    assert fitting({"de": GERMAN, "fr": stale}, [SIZE]) == {
        "de": GERMAN,
        "fr": EventTypeTexts(name="Coupe"),
    }
