"""What an organization has set up for its mail: which mails are switched off, the languages of its
own words, its colour and logo, and the photos of its hosts."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from kalends.domain.access import Organization
from kalends.domain.gateways import Gateways
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, decode_id, encode_id
from kalends.domain.mail import Audience, MailKind
from kalends.domain.message_template import TemplateScope, find_scope, languages_sought
from kalends.formats.bookings import BookingBody
from kalends.formats.mails.page import MailLook, MailPicture
from kalends.formats.pictures import logo_of, picture_at
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.outbox.events import NewMail
from kalends.store.outbox.templates import list_scopes
from kalends.translation import language_for

# In pixels.
PHOTO_HEIGHT: Final = 48
MAY_BE_OFF: Final = (MailKind.REQUESTED, MailKind.CONFIRMED, MailKind.REMINDER)


def languages_of(tag: str | None) -> list[str]:
    """The languages in which to look for own words, best first, for a reader with that language tag
    (BCP 47); None is unknown."""
    return languages_sought(tag, language_for([tag]))


def mail_look(gateways: Gateways, organization: Organization) -> MailLook:
    """The organization's colour and its logo, at half of its stored size. There is no logo without
    a public URL, since mail has to link to it."""
    color, picture = organization.accent_color, logo_of(organization)
    if picture is None or gateways.public_url is None:
        return MailLook(color)
    width, height = (picture.width + 1) // 2, (picture.height + 1) // 2
    url = f"{gateways.public_url}{picture.url}"
    return MailLook(color, MailPicture(url, width, height, organization.name))


def mail_photos(
    gateways: Gateways, photos: Mapping[UUID, str], booking: BookingBody
) -> tuple[MailPicture, ...]:
    """The photos of the booking's hosts; `photos` has the paths by schedule. None without a public
    URL, since mail has to link to them. They have no alternative text: names stand beside them."""
    if gateways.public_url is None or not photos:
        return ()
    places = {encode_id(SCHEDULE, id_): place for id_, place in photos.items()}
    of_hosts = [places[host.schedule_id] for host in booking.hosts if host.schedule_id in places]
    return tuple(_photo(gateways.public_url, place) for place in of_hosts)


def _photo(public_url: str, place: str) -> MailPicture:
    picture = picture_at(place)
    width = max(1, PHOTO_HEIGHT * picture.width // picture.height)
    return MailPicture(f"{public_url}{picture.url}", width, PHOTO_HEIGHT, "")


async def list_kinds_off(
    work: UnitOfWork, event_type_id: UUID | None, locale: str | None
) -> frozenset[MailKind]:
    """The kinds of mail that are switched off for attendees with that language (BCP 47) and
    bookings of that event type."""
    own, scopes = await list_scopes(work.tenant, event_type_id, MAY_BE_OFF)
    languages = languages_of(locale or own)
    found = {
        kind: find_scope(scopes, kind, Audience.ATTENDEE, event_type_id, languages)
        for kind in MAY_BE_OFF
    }
    return frozenset(kind for kind, scope in found.items() if scope is not None and scope.is_off)


async def without_those_off(
    work: UnitOfWork, booking: BookingBody, mails: Sequence[NewMail]
) -> list[NewMail]:
    """The mails without those that the organization has switched off. Runs no query if the unit of
    work knows that none are."""
    kinds = {mail.kind for mail in mails if mail.kind != MailKind.WITHDRAWN}
    if not kinds or work.some_mail_off is False:
        return list(mails)
    event_type_id = decode_id(EVENT_TYPE, booking.event_type_id or "")
    locale, scopes = await list_scopes(work.tenant, event_type_id, kinds)
    if not any(scope.is_off for scope in scopes):
        return list(mails)
    return [mail for mail in mails if not _is_off(mail, booking, locale, scopes)]


def _is_off(
    mail: NewMail, booking: BookingBody, locale: str | None, scopes: Sequence[TemplateScope]
) -> bool:
    """Whether the mail is switched off, in the attendee's language for the attendee, else in the
    organization's: there may be several other readers."""
    audience = Audience(mail.audience)
    own = booking.attendee.locale if audience == Audience.ATTENDEE else None
    event_type_id = decode_id(EVENT_TYPE, booking.event_type_id or "")
    languages = languages_of(own or locale)
    found = find_scope(scopes, MailKind(mail.kind), audience, event_type_id, languages)
    return found is not None and found.is_off
