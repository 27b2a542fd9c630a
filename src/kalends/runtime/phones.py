"""Adds international telephone numbers (E.164) to a booking, beside what the attendee typed."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Raw, json, structs

from kalends.domain.access import Organization
from kalends.domain.booking import Booking
from kalends.domain.event_type import Question, QuestionType
from kalends.domain.phones import e164_of
from kalends.formats.countries import country_of_zone
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.accounts.organizations import find_organization


def country_of(organization: Organization) -> str | None:
    """The country of numbers that begin without `+`: the organization's setting, else the country
    of its time zone; None if neither tells."""
    return organization.country or country_of_zone(organization.timezone)


async def find_country(work: UnitOfWork) -> str | None:
    """`country_of` the caller's organization."""
    organization = await find_organization(work.tenant)
    return country_of(organization) if organization else None


async def with_numbers(
    work: UnitOfWork, booking: Booking, questions: Iterable[Question], answers: Mapping[str, Any]
) -> Booking:
    """The new booking with the E.164 numbers of its attendee and of answers that are numbers."""
    phone_keys = {question.key for question in questions if question.type is QuestionType.PHONE}
    typed = {key: answer for key, answer in answers.items() if key in phone_keys and answer}
    if not booking.attendee_phone and not typed:
        return booking
    phones = [str(phone) for phone in (booking.attendee_phone, *typed.values()) if phone]
    country = None
    if not all(phone.startswith("+") for phone in phones):  # numbers with `+` need no country
        country = await find_country(work) or country_of_zone(booking.timezone)
    numbers = {key: e164_of(answer, country) for key, answer in typed.items()}
    return structs.replace(
        booking,
        attendee_phone_e164=e164_of(booking.attendee_phone or "", country),
        answers_e164=Raw(json.encode(numbers)),
    )


def with_number_of(country: str | None, before: Booking | None, after: Booking) -> Booking:
    """The changed booking, with a new E.164 number if the phone has changed. `country` is that of
    the organization; if it is None, the country of the booking's zone is used."""
    if after.attendee_phone == (before.attendee_phone if before else None):
        return after
    number = e164_of(after.attendee_phone or "", country or country_of_zone(after.timezone))
    return structs.replace(after, attendee_phone_e164=number)
