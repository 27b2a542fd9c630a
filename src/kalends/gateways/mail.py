"""The way out for mail: one SMTP server, the operator's, which the guard of `http` does not check.

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

    `greets_as` is the host name in our EHLO. To be used in one event loop, and closed in it.
    """

    def __init__(self, server: MailServer, greets_as: str) -> None:
        self._server = server
        self._greets_as = greets_as
        self._client: asyncio.Task[SmtpClient] | None = None

    @property
    def server(self) -> str:
        return repr(self._server)

    async def post(self, sender: str, recipient: str, message: bytes) -> MailAnswer:
        """See `MailTransport`. Whatever only the operator can put right is a failure of the server.

        A connection that breaks after the message was handed over is Deferred: the server may
        have taken it, and then it arrives twice, under one Message-ID.
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
        """Says goodbye on the connections that wait for another message."""
        if self._client is not None:
            await (await self._client).close()

    async def _open(self) -> "SmtpClient":
        client_type = await asyncio.to_thread(_import_client)
        return client_type(self._server, self._greets_as)


def _import_client() -> type["SmtpClient"]:
    from kalends.gateways.smtp_client import SmtpClient

    return SmtpClient


@lru_cache(maxsize=256)  # the sender's is that of each mail
def _is_address(text: str) -> bool:
    """Its form lets no space, bracket or control through, so that nothing can follow it in a
    command; and it can be written in UTF-8."""
    try:
        return bool(Email.parse(text).encode())
    except ValueError:
        return False
