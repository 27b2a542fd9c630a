"""The gateway for mail: the operator's SMTP server, whose address the guard does not check.

As with HTTP, the library is imported in a thread when the first message goes out.
"""

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from kalends.domain.gateways import MailAnswer, Rejected, ServerFailed
from kalends.domain.values import Email
from kalends.gateways.mail_server import MailServer

if TYPE_CHECKING:
    from kalends.gateways.smtp_client import SmtpClient


class SmtpTransport:
    """Hands mail to the operator's server.

    `greets_as` is the host name in our EHLO. An instance has to be used and closed in one event
    loop.
    """

    def __init__(self, server: MailServer, greets_as: str) -> None:
        self._server = server
        self._greets_as = greets_as
        self._client: asyncio.Task[SmtpClient] | None = None

    @property
    def server(self) -> str:
        return repr(self._server)

    async def post(self, sender: str, recipient: str, message: bytes) -> MailAnswer:
        """See `MailTransport`. What only the operator can repair counts as a failure of the server.

        A connection that breaks after the message was handed over is Deferred. If the server has
        accepted it all the same, it arrives twice, with the same Message-ID.
        """
        if not _is_address(recipient):
            return Rejected("it is not an e-mail address that mail can be sent to")
        if not _is_address(sender):
            reason = "mail comes from what is not an e-mail address"
            return ServerFailed(reason=reason, is_for_operator=True)
        if self._client is None:
            self._client = asyncio.create_task(self._open())
        opening = self._client
        client = opening.result() if opening.done() else await asyncio.shield(opening)
        return await client.post(sender, recipient, message)

    async def close(self) -> None:
        """Ends the connections that are kept for another message."""
        if self._client is not None:
            await (await self._client).close()

    async def _open(self) -> "SmtpClient":
        client_type = await asyncio.to_thread(_import_client)
        return client_type(self._server, self._greets_as)


def _import_client() -> type["SmtpClient"]:
    from kalends.gateways.smtp_client import SmtpClient

    return SmtpClient


@lru_cache(maxsize=256)  # all mails have the same sender
def _is_address(text: str) -> bool:
    """Whether the text is an address that is safe in an SMTP command: it has no space, bracket or
    control character, after which another command could follow, and can be encoded in UTF-8."""
    try:
        return bool(Email.parse(text).encode())
    except ValueError:
        return False
