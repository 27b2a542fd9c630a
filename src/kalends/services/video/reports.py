"""Reports to an organization that a provider does not make its links, by at most one mail a day."""

from datetime import timedelta
from typing import Final

from kalends.domain.booking import Booking
from kalends.domain.gateways import link_if_known
from kalends.domain.ids import BOOKING, encode_id
from kalends.domain.mail import MailKind
from kalends.domain.video import VideoFailed, VideoProvider
from kalends.formats.mails.calls import CallMail, call_message
from kalends.runtime.mails.terms import mail_terms
from kalends.runtime.posting import list_readers, post_message
from kalends.runtime.unit_of_work import UnitOfWork, change
from kalends.services.video.telling import LinkPlace
from kalends.store.accounts.organizations import find_organization
from kalends.store.video.reports import put_report

ONE_MAIL_FOR: Final = timedelta(days=1)


async def report_failing(
    place: LinkPlace, provider: VideoProvider, failure: VideoFailed, booking: Booking
) -> None:
    """Mails the organization which booking has no link, and why; unless it got such a mail about
    the provider within a day and has not changed its accounts since."""
    await change(place.context, place.caller, _report, provider, failure, booking)


async def _report(
    work: UnitOfWork, provider: VideoProvider, failure: VideoFailed, booking: Booking
) -> None:
    now = work.recorded_at
    organization = await find_organization(work.tenant)
    if organization is None or not await put_report(work.tenant, provider, now, now - ONE_MAIL_FOR):
        return
    path = f"/console/{organization.slug}/bookings/{encode_id(BOOKING, booking.id)}"
    link = link_if_known(work.context.gateways, path)
    for recipient, locale in await list_readers(work, organization):
        message = call_message(
            CallMail(
                **mail_terms(work, organization, recipient, locale),
                provider=provider,
                reason=failure.reason,
                attendee=booking.attendee_name,
                starts_at=booking.start_time,
                link=link,
            )
        )
        await post_message(work, MailKind.LINKS_FAILING, recipient, message, booking.id)
