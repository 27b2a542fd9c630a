"""What the tests' Google and Microsoft have in common: the consent of a person, codes, tokens that
last and those that end, requests that are noted, and messages to who listens."""

import asyncio
import base64
import hashlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, web

from tests.fakes.ports import served_at_a_port
from tests.fakes.quirks import Quirk
from tests.fakes.threads import served_in_a_thread

JSON = dict[str, Any]
CLIENT_SECRET = "client-secret"


class Refusals(NamedTuple):
    """What is answered to who asks for tokens and gets none, by what was wrong."""

    client: JSON
    code: JSON
    redirect: JSON
    refresh: JSON


@dataclass
class ConsentedFake:
    """One person's account. `granted` are the scopes that are granted; None is all that is asked
    for. `hook` is where messages are sent to, whatever address was named: that one has to be
    public."""

    # As Kalends calls the provider.
    NAME: ClassVar[str]
    CLIENT_ID: ClassVar[str]
    REFUSALS: ClassVar[Refusals]
    # With these goes how long to wait.
    PAUSES: ClassVar[frozenset[int]]

    port: int = 0
    account: str = ""
    quirks: set[Quirk] = field(default_factory=set)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    redirect_uris: set[str] = field(default_factory=set)
    granted: set[str] | None = None
    denies: bool = False
    codes: dict[str, JSON] = field(default_factory=dict)
    refresh_tokens: dict[str, list[str]] = field(default_factory=dict)
    access_tokens: dict[str, list[str]] = field(default_factory=dict)
    # How often new tokens were asked for with each token that lasts.
    refreshed: Counter[str] = field(default_factory=Counter)
    refresh_seconds: float = 0.0
    hook: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calendar(self) -> Any:
        """That of the account, as others change it."""
        raise NotImplementedError

    def has(self, *quirks: Quirk) -> bool:
        return any(quirk in self.quirks for quirk in quirks)

    def asked(self, method: str, part: str = "") -> list[tuple[str, str, dict[str, str]]]:
        return [one for one in self.requests if one[0] == method and part in one[1]]

    def revoke_all(self) -> None:
        """As the person does at the provider, or an administrator."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def forget(self) -> None:
        """As if nobody had been here, but for the tokens of who has consented."""
        self.quirks.clear()
        self.requests.clear()
        self.granted, self.denies, self.account = None, False, type(self).account

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        raise NotImplementedError

    def tokens_for(self, consent: JSON, token: JSON) -> JSON:
        """What is answered with an access token to who gave a code, or a token that lasts."""
        raise NotImplementedError

    @classmethod
    @asynccontextmanager
    async def served(cls) -> AsyncIterator[Self]:
        """One that answers while the block runs."""
        fake = cls()
        fake.forget()
        async with served_at_a_port(fake.answer) as fake.port:
            try:
                yield fake
            finally:
                for task in fake.tasks:
                    task.cancel()
                await asyncio.gather(*fake.tasks, return_exceptions=True)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """The same in a thread of its own, as another process would be."""
        with served_in_a_thread(cls.served) as fake:
            yield fake

    # Consent and tokens.

    def is_consent(self, query: dict[str, str], known_scopes: set[str]) -> bool:
        """Whether somebody is asked as it has to be."""
        return (
            query.get("client_id") == self.CLIENT_ID
            and query.get("redirect_uri") in self.redirect_uris
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and len(query.get("code_challenge", "")) == 43
            and set(query.get("scope", "").split()) <= known_scopes
        )

    def consented(self, query: dict[str, str], granted: list[str], padding: str = "") -> str:
        """The code for these scopes."""
        code = f"code-{next(self.numbers)}{padding}"
        self.codes[code] = {**query, "granted": granted}
        return code

    async def token(self, form: dict[str, str]) -> web.Response:
        """The endpoint of tokens."""
        if (form.get("client_id"), form.get("client_secret")) != (self.CLIENT_ID, CLIENT_SECRET):
            return web.json_response(self.REFUSALS.client, status=401)
        if form.get("grant_type") == "authorization_code":
            return self._exchanged(form)
        self.refreshed[form.get("refresh_token", "")] += 1
        await asyncio.sleep(self.refresh_seconds)
        scopes = self.refresh_tokens.get(form.get("refresh_token", ""))
        if scopes is None:
            return web.json_response(self.REFUSALS.refresh, status=400)
        return self._given({"granted": scopes})

    def _exchanged(self, form: dict[str, str]) -> web.Response:
        consent = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if consent is None or challenge != consent["code_challenge"]:
            return web.json_response(self.REFUSALS.code, status=400)
        if form.get("redirect_uri") != consent["redirect_uri"]:
            return web.json_response(self.REFUSALS.redirect, status=400)
        return self._given(consent)

    def _given(self, consent: JSON) -> web.Response:
        token = f"access-{next(self.numbers)}"
        self.access_tokens[token] = consent["granted"]
        seconds = 1 if self.has(Quirk.TOKENS_EXPIRE) else 3599
        shown = {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}
        return web.json_response(self.tokens_for(consent, shown))

    def lasting_token(self, scopes: list[str]) -> str:
        token = f"refresh-{next(self.numbers)}"
        self.refresh_tokens[token] = scopes
        return token

    def scopes_of(self, request: web.BaseRequest) -> list[str] | None:
        """What is granted to who asks; None where nobody knows the token."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.access_tokens.get(token)

    # Answers and messages.

    async def noted(self, request: web.BaseRequest) -> bytes:
        """The body of a request, which is kept."""
        body = await request.read()
        self.requests.append((request.method, request.path_qs, dict(request.headers)))
        return body

    def answer_with(self, request: web.BaseRequest, status: int, value: JSON) -> web.Response:
        if self.has(Quirk.LOSES_ANSWERS) and request.method != "GET" and status < 300:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if status == 204:
            return web.Response(status=204)
        headers = {"Retry-After": "1"} if status in self.PAUSES else {}
        return web.json_response(value, status=status, headers=headers)

    def send(self, address: str, **said: Any) -> None:
        """A message to an address of ours; `said` is its JSON, or its headers."""
        for _ in range(self.times):
            if self.hook:
                url = self.hook + path_of(address)
                task = asyncio.get_running_loop().create_task(_post(url, **said))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    @property
    def times(self) -> int:
        """How often a message is sent."""
        return 2 if self.has(Quirk.PUSHES_TWICE) else 1


def sent_back(query: dict[str, str], **said: str) -> web.Response:
    """To where the person came from, with what came of it."""
    said = {"state": query["state"], **said}
    return web.Response(
        status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(said)}"}
    )


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


async def _post(url: str, **said: Any) -> None:
    """Nobody may be there to take it."""
    with suppress(ClientError):
        async with ClientSession() as session, session.post(url, **said):
            pass
