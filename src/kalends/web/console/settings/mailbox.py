"""The mailbox: what was sent, and what nothing was sent of, for there is no mail server.

Of a message the text is shown, never its HTML.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.mail import Mail
from kalends.services import mailing, members
from kalends.web.console.desk import Desk, admin_route
from kalends.web.console.settings.schedules import offset_in
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer

SECTION: Final = "mail"
PATH: Final = "/mail"
LISTED: Final = 50
HEADERS: Final = ("From", "To", "Reply-To", "Subject", "Date")


async def list_mails(desk: Desk) -> PageAnswer:
    offset = offset_in(desk)
    listed, total = await desk.read(mailing.list_mails, None, LISTED, offset)
    return desk.page(
        "console/settings/mailbox.html",
        SECTION,
        mails=[(ids.shown(ids.MAIL, mail.id), mail) for mail in listed],
        total=total,
        offset=offset,
        limit=LISTED,
        has_server=desk.visit.context.outside.carrier is not None,
    )


async def show(desk: Desk) -> PageAnswer:
    """A link to set a password is shown to nobody whom it could make somebody else."""
    mail_id = id_named(ids.MAIL, "mail", desk.path("mail"))
    mail, content = await desk.read(mailing.read_message, mail_id)
    may_read = await desk.read(members.may_read_mail, mail)
    booking_id = ids.shown_or_none(ids.BOOKING, mail.booking_id)
    return desk.page(
        "console/settings/mail.html",
        SECTION,
        mail=mail,
        may_read=may_read,
        booking_path=desk.to(f"/bookings/{booking_id}") if booking_id else None,
        **_shown(mail, content if may_read else None),
    )


def _shown(mail: Mail, content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {"fields": [], "lines": [], "files": []}
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    return {
        "fields": [(name, str(message[name])) for name in HEADERS if message[name]],
        "lines": text.strip().splitlines(),
        "files": [part.get_filename() or "" for part in message.iter_attachments()],
    }


PAGES: Final = (
    admin_route("GET", PATH, list_mails),
    admin_route("GET", PATH + "/{mail}", show),
)
