"""Account links, which are mailed to users: to set a new password, or to accept an invitation.

Only the SHA-256 of a token is stored.
"""

import secrets
from typing import Final

from kalends.domain.access import Organization, User, hash_of
from kalends.domain.account_link import LINK_LASTS, AccountLink, Purpose
from kalends.domain.errors import NotFound
from kalends.domain.gateways import link_to
from kalends.domain.mail import MailKind
from kalends.formats.mails.accounts import AccountMail, AccountMailKind, account_message
from kalends.runtime.mails.terms import mail_terms
from kalends.runtime.posting import post_message
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.store.accounts import links

ACCOUNT_TOKEN_BYTES: Final = 32
LINK_ENDED: Final = "This link has been used, or has expired. Please ask for a new one."
MAIL_KINDS: Final = {
    Purpose.PASSWORD_RESET: (AccountMailKind.PASSWORD_RESET, MailKind.PASSWORD_RESET),
    Purpose.INVITATION: (AccountMailKind.INVITATION, MailKind.USER_INVITATION),
}


async def send_link(
    work: UnitOfWork,
    organization: Organization,
    user: User,
    purpose: Purpose,
    invited_by: str | None = None,
) -> None:
    """Makes a link and mails it, from the organization's mailbox, if the unit of work commits."""
    token = secrets.token_urlsafe(ACCOUNT_TOKEN_BYTES)
    expires_at = work.recorded_at + LINK_LASTS[purpose]
    of_organization = organization.id if purpose is Purpose.INVITATION else None
    await links.insert_link(
        work.tx, hash_of(token), user.id, purpose, of_organization, (work.recorded_at, expires_at)
    )
    gateways = work.context.gateways
    path = "invitations" if purpose is Purpose.INVITATION else "password-reset"
    kind, mail_kind = MAIL_KINDS[purpose]
    message = account_message(
        AccountMail(
            **mail_terms(work, organization, user.email, user.locale),
            kind=kind,
            link=link_to(gateways, f"/{path}/{token}"),
            expires_at=expires_at,
            invited_by=invited_by,
        )
    )
    await post_message(work, mail_kind, user.email, message, user.id, expires_at)


async def get_link(context: Context, token: str, purpose: Purpose) -> AccountLink:
    """The link, if it is still valid. Changes nothing. Raises NotFound."""
    async with context.database.connection() as tx:
        link = await links.find_link(tx, hash_of(token), purpose, context.clock())
    if link is None:
        raise NotFound(LINK_ENDED)
    return link
