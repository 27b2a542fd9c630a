"""Whose clock it is: English words, with the hours, the order and the weeks of the reader."""

from datetime import UTC, date, datetime

import pytest

from kalends.availability.wallclock import zone_named
from kalends.formats.locales import english_for, locale_for
from kalends.formats.times import clock_text, full_day, moment_text, short_moment_text, span_text

THURSDAY = date(2026, 12, 3)
EVENING = datetime(2026, 12, 3, 20, 5, tzinfo=UTC)
UTC_ZONE = zone_named("UTC")


@pytest.mark.parametrize(
    ("language", "country", "time", "day"),
    [
        ("en-US", "DE", "8:05 PM", "Thursday, December 3, 2026"),
        ("en", "DE", "8:05 PM", "Thursday, December 3, 2026"),
        ("en-GB", "US", "20:05", "Thursday, 3 December 2026"),
        ("en-AU", None, "8:05 pm", "Thursday, 3 December 2026"),
        ("de", "US", "20:05", "Thursday, 3 December 2026"),
        ("de-AT", None, "20:05", "Thursday, 3 December 2026"),
        ("fr-CA", "CA", "20:05", "Thursday, 3 December 2026"),
        ("es-US", None, "8:05 PM", "Thursday, December 3, 2026"),
        ("es-MX", None, "8:05 pm", "Thursday, 3 December 2026"),
        ("ja-JP", None, "20:05", "Thursday, 3 December 2026"),
        ("ar-EG", None, "8:05 pm", "Thursday, 3 December 2026"),
        ("en-US-x-house", None, "8:05 PM", "Thursday, December 3, 2026"),
        (None, "US", "8:05 PM", "Thursday, December 3, 2026"),
        (None, "CH", "20:05", "Thursday, 3 December 2026"),
        (None, "EG", "8:05 pm", "Thursday, 3 December 2026"),
        (None, "JP", "20:05", "Thursday, 3 December 2026"),
        (None, None, "20:05", "Thursday, 3 December 2026"),
        ("tlh", "US", "8:05 PM", "Thursday, December 3, 2026"),
        ("und", None, "20:05", "Thursday, 3 December 2026"),
    ],
)
def test_the_clock_is_the_readers_and_the_words_are_english(
    language: str | None, country: str | None, time: str, day: str
) -> None:
    locale = english_for(language, country)
    assert clock_text(20 * 60 + 5, locale) == time
    assert full_day(THURSDAY, locale) == day


@pytest.mark.parametrize(
    ("language", "first"),
    [("en-US", 6), ("en", 0), ("de-DE", 0), ("fa-IR", 5), ("pt-BR", 6), ("ar-EG", 5)],
)
def test_weeks_begin_as_the_readers_do(language: str, first: int) -> None:
    assert english_for(language).first_week_day == first


def test_readers_with_the_same_clock_and_other_weeks_are_distinguished() -> None:
    assert english_for("fa-IR") != english_for("ja-JP") != english_for("fr")
    assert len({english_for("fa-IR"), english_for("ja-JP"), english_for("fr")}) == 3


@pytest.mark.parametrize(("language", "time"), [("en-US", "8:05 PM"), ("de-DE", "20:05")])
def test_every_text_with_a_time_goes_by_the_clock(language: str, time: str) -> None:
    locale = english_for(language)
    texts = [
        moment_text(EVENING, UTC_ZONE, locale),
        short_moment_text(EVENING, UTC_ZONE, locale),
        span_text(EVENING, EVENING, UTC_ZONE, locale),
    ]
    for text in texts:
        assert f", {time}" in text
        assert text.isascii()


@pytest.mark.parametrize(
    ("reads", "language", "locale"),
    [
        ("de-AT", "de", "de_AT"),
        ("de-AT", "en", "en_AT"),
        ("fr", "de", "de_DE"),
        (None, "de", "de_DE"),
        ("pt", "pt", "pt_BR"),
        ("ja", "ja", "ja_JP"),
        (None, "en", "en_GB"),
    ],
)
def test_dates_are_in_the_language_of_the_words(
    reads: str | None, language: str, locale: str
) -> None:
    assert str(locale_for(reads, language)) == locale
