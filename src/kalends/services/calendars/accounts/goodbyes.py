"""Closes the channels of a deleted connection at its provider, and revokes its consent."""

from typing import Final

from msgspec import Struct, json

from kalends.domain.calendars.channels import PushingAccount
from kalends.domain.calendars.consent import ConsentProvider, Tokens
from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded
from kalends.runtime.calendars.goodbyes import Goodbye
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.accounts.tokens import open_tokens

ENDED: Final = ConsentEnded()


class LastTokens(Struct):
    """The tokens of a deleted connection, renewed once if need be: see `TokenSource`."""

    provider: ConsentProvider
    tokens: Tokens

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        if refused is not None:
            renewed = await self.provider.refresh(self.tokens)
            if not isinstance(renewed, Tokens):
                return renewed
            self.tokens = renewed
        return self.tokens.access_token


async def leave_calendars(context: Context, payload: bytes) -> None:
    """The job. Failures are ignored: channels expire by themselves, and so does a consent that
    nobody uses."""
    goodbye = json.decode(payload, type=Goodbye)
    provider = context.gateways.consents.get(goodbye.provider)
    tokens = open_tokens(context.seal, goodbye.connection_id, goodbye.sealed)
    if provider is None or tokens is None:
        return
    source = LastTokens(provider, tokens)
    account = provider.open_account(source, goodbye.scopes)
    if isinstance(account, PushingAccount):
        for channel in goodbye.channels:
            await account.close_channel(channel.id, channel.resource)
    if not goodbye.is_used:
        await provider.revoke(source.tokens)
