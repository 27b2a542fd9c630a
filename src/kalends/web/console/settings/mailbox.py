"""The mailbox: mails that were sent, or were kept here because there is no mail server.

Only the text of a mail is shown, never its HTML.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Final

from kalends.domain import ids
from kalends.domain.mail import Mail
from kalends.domain.rights import Right
from kalends.services import mails
from kalends.services.users import members
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.http.call import id_named
from kalends.web.pages.answers import PageAnswer

SECTION: Final = "mail"
PATH: Final = "/mail"
MAILS_LISTED: Final = 50
HEADERS: Final = ("From", "To", "Reply-To", "Subject", "Date")


async def list_mails(request: ConsoleRequest) -> PageAnswer:
    listed, pager = await read_page(request, mails.list_mails, MAILS_LISTED, None)
    return request.page(
        "console/settings/mailbox.html",
        SECTION,
        mails=[(ids.encode_id(ids.MAIL, mail.id), mail) for mail in listed],
        **pager,
        has_server=request.page_request.context.gateways.mail_transport is not None,
    )


async def show(request: ConsoleRequest) -> PageAnswer:
    """Shows a mail. A link to set a password is hidden from users whom it would let become somebody
    else."""
    mail_id = id_named(ids.MAIL, request.path("mail"))
    mail, content = await request.read(mails.get_message, mail_id)
    may_read = await request.read(members.may_read_mail, mail)
    booking_id = ids.encode_id_or_none(ids.BOOKING, mail.booking_id)
    return request.page(
        "console/settings/mail.html",
        SECTION,
        mail=mail,
        may_read=may_read,
        booking_path=request.to(f"/bookings/{booking_id}") if booking_id else None,
        **_message_values(mail, content if may_read else None),
    )


def _message_values(mail: Mail, content: bytes | None) -> dict[str, Any]:
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
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, list_mails),
    console_route(Right.CHANGE_SETTINGS, "GET", PATH + "/{mail}", show),
)
