"""Mail, handed to real SMTP servers: aiosmtpd, and some that are made to fail."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from aiosmtplib.email import quote_address
from hypothesis import given
from hypothesis import strategies as st

from kalends.compose import open_gateways
from kalends.domain.gateways import Deferred, MailAnswer, Posted, Rejected, ServerFailed
from kalends.domain.values import Email
from kalends.gateways import smtp_client
from kalends.gateways.mail import SmtpTransport
from kalends.gateways.mail_server import read_mail_server
from kalends.settings import Settings
from tests.gateways.receivers import Authority, RawReceiver, Visit, receiving

pytestmark = [
    pytest.mark.server,
    # The tests sign in without TLS, which aiosmtpd warns of.
    pytest.mark.filterwarnings("ignore:Requiring AUTH"),
]

SENDER = "desk@example.com"
GUEST = "guest@example.org"
PIPELINING = b"250-test\r\n250 PIPELINING"
MESSAGE = b"Message-ID: <1@example.com>\r\nSubject: Hello\r\n\r\n.dot\r\n..two\r\nlast\r\n"


class Mailbox:
    """What aiosmtpd took, and how many connections it saw."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.helos: list[str] = []
        self.connections = 0

    async def handle_DATA(  # noqa: N802  (the library's name)
        self, server: smtp.SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        self.helos.append(str(session.host_name))
        return "250 taken"


@asynccontextmanager
async def smtp_server(
    mailbox: Any, *, first_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """A real SMTP server on a free port."""

    def serve() -> smtp.SMTP:
        mailbox.connections += 1
        return smtp.SMTP(mailbox, hostname="mail.test", **options)

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=first_tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def transport(url: str) -> AsyncIterator[SmtpTransport]:
    made = SmtpTransport(read_mail_server(url), "book.example.com")
    try:
        yield made
    finally:
        await made.close()


async def post_once(
    url: str, recipient: str = GUEST, sender: str = SENDER, message: bytes = MESSAGE
) -> MailAnswer:
    async with transport(url) as made:
        return await made.post(sender, recipient, message)


# What is taken.


async def test_a_message_arrives_as_it_was_written() -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        assert await post_once(f"smtp://127.0.0.1:{port}") == Posted()
    (mail,) = mailbox.mails
    assert (mail.mail_from, mail.rcpt_tos, mail.content) == (SENDER, [GUEST], MESSAGE)
    assert mailbox.helos == ["book.example.com"]
    assert mail.mail_options == [f"SIZE={len(MESSAGE)}"]


async def test_who_takes_commands_together_is_sent_them_together() -> None:
    parts: list[bytes] = []

    async def listen(visit: Visit) -> None:
        await visit.say(b"220 test\r\n")
        for answer in (PIPELINING, b"250 a\r\n250 b\r\n354 c", b"250 taken"):
            parts.append(await visit.reader.read(65_536))
            await visit.say(answer + b"\r\n")

    async with receiving(listen) as server:
        assert await post_once(f"smtp://127.0.0.1:{server.port}") == Posted()
    announced = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{GUEST}>\r\nDATA\r\n".encode()
    assert parts[1:] == [announced, b"%b.\r\n" % smtp_client.with_dots_doubled(MESSAGE)]


async def test_many_messages_go_over_few_connections() -> None:
    mailbox = Mailbox()
    async with (
        smtp_server(mailbox) as port,
        transport(f"smtp://127.0.0.1:{port}") as made,
    ):
        for _ in range(smtp_client.MESSAGES_A_CONNECTION + 1):
            assert await made.post(SENDER, GUEST, MESSAGE) == Posted()
        assert mailbox.connections == 2
        posts = (made.post(SENDER, f"g{n}@example.org", MESSAGE) for n in range(60))
        assert set(await asyncio.gather(*posts)) == {Posted()}
    assert len(mailbox.mails) == smtp_client.MESSAGES_A_CONNECTION + 61
    assert mailbox.connections <= 2 + smtp_client.SMTP_CONNECTIONS


async def test_a_connection_that_waited_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_client, "SMTP_IDLE_SECONDS", 0.1)
    gone = asyncio.Event()

    async def watch(visit: Visit) -> None:
        await talk(visit, {})
        gone.set()

    async with receiving(watch) as server, transport(f"smtp://127.0.0.1:{server.port}") as made:
        assert await made.post(SENDER, GUEST, MESSAGE) == Posted()
        await asyncio.wait_for(gone.wait(), 10)
    assert server.requests[-1] == b"QUIT"


async def test_the_settings_name_the_server_and_account(tmp_path: Path) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        environ = {
            "KALENDS_DATA_DIR": str(tmp_path),
            "KALENDS_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "KALENDS_PUBLIC_URL": "https://book.example.com",
        }
        made = open_gateways(Settings.from_environ(environ))
        assert made.mail_transport
        assert await made.mail_transport.post(made.sender, GUEST, MESSAGE) == Posted()
        await made.mail_transport.close()
    assert mailbox.mails[0].mail_from == "kalends@book.example.com"
    assert mailbox.helos == ["book.example.com"]


# Secrets.


def signing_in(user: bytes, password: bytes) -> dict[str, Any]:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=(given.login, given.password) == (user, password), handled=False)

    return {"authenticator": check, "auth_required": True, "auth_require_tls": False}


async def test_user_and_password_are_used_as_they_were_encoded() -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox, **signing_in(b"me@example.com", "p:/@é".encode())) as port:
        url = f"smtp://me%40example.com:p%3A%2F%40%C3%A9@127.0.0.1:{port}"
        assert await post_once(url) == Posted()
        refused = await post_once(f"smtp://me%40example.com:wrong@127.0.0.1:{port}")
    assert isinstance(refused, ServerFailed)
    assert refused.is_for_operator
    assert refused.reason.startswith("the mail server answered 535")
    assert len(mailbox.mails) == 1


async def test_mail_waits_where_a_required_sign_in_is_not_set() -> None:
    async with smtp_server(Mailbox(), **signing_in(b"a", b"b")) as port:
        refused = await post_once(f"smtp://127.0.0.1:{port}")
    assert isinstance(refused, ServerFailed)
    assert refused.is_for_operator
    assert refused.reason.startswith("the mail server answered 530")


async def test_a_refused_sign_in_is_told_without_the_password() -> None:
    async with smtp_server(Mailbox(), **signing_in(b"a", b"b")) as port:
        refused = await post_once(f"smtp://me:hunter2222@127.0.0.1:{port}")
    async with transport("smtp://me:hunter2222@127.0.0.1:25") as made:
        server = made.server
    assert server == "MailServer(smtp://127.0.0.1:25)"
    assert "hunter2222" not in repr(refused)


async def test_starttls_encrypts_before_anything_is_sent(authority: Authority) -> None:
    mailbox = Mailbox()
    tls = authority.serving("localhost")
    async with smtp_server(mailbox, tls_context=tls, require_starttls=True) as port:
        assert await post_once(f"smtp+starttls://localhost:{port}") == Posted()
        clear = await post_once(f"smtp://localhost:{port}")
    assert isinstance(clear, ServerFailed)
    assert len(mailbox.mails) == 1


async def test_smtps_is_encrypted_from_the_first_byte(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_client, "STEP_SECONDS", 1.0)
    mailbox = Mailbox()
    async with smtp_server(mailbox, first_tls=authority.serving("localhost")) as port:
        assert await post_once(f"smtps://localhost:{port}") == Posted()
        other = await post_once(f"smtp+starttls://localhost:{port}")
    assert len(mailbox.mails) == 1
    assert isinstance(other, ServerFailed)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_certificate_for_another_name_is_not_spoken_to(
    authority: Authority, scheme: str
) -> None:
    mailbox = Mailbox()
    tls = authority.serving("other.example")
    options = {"first_tls": tls} if scheme == "smtps" else {"tls_context": tls}
    async with smtp_server(mailbox, **options) as port:
        came = await post_once(f"{scheme}://me:secret@localhost:{port}")
    assert isinstance(came, ServerFailed)
    assert came.reason.startswith("the mail server's certificate is not valid: ")
    assert not mailbox.mails


# Addresses.


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c\r\nRCPT TO:<d@e.f>",
        "a@b.c>\r\nDATA",
        "a@b.c> SIZE=1",
        "<a@b.c>",
        "a b@c.d",
        "a@b.c d@e.f",
        "a@b.c,d@e.f",
        "a@b.c;d@e.f",
        "a@b.c\x00",
        "a@b.c\n",
        "@relay:a@b.c",
        '"a> b"@c.d',
        "a@[127.0.0.1]",
        "a\ud800@b.c",
        "",
        "a",
        "a@",
        "@b",
        "a" * 250 + "@b.c",
    ],
)
async def test_no_address_adds_an_smtp_command(address: str) -> None:
    async with receiving(lambda visit: talk(visit, {})) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        assert isinstance(await post_once(url, recipient=address), Rejected)
        assert isinstance(await post_once(url, sender=address), ServerFailed)
    assert server.connections == 0


@given(st.from_regex(r"[^\s\"(),:;<>\\]{1,9}@[^\s\"(),:;<>\\]{1,9}", fullmatch=True))
def test_an_address_of_good_form_is_sent_as_it_is(text: str) -> None:
    try:
        address = Email.parse(text)
    except ValueError:
        return
    assert quote_address(address) == f"<{text}>"


async def test_an_international_address_needs_a_server_that_takes_it() -> None:
    mailbox = Mailbox()
    header = "To: grüße@müller.example\r\n\r\nHello\r\n".encode()
    async with smtp_server(mailbox, enable_SMTPUTF8=True) as port:
        url = f"smtp://127.0.0.1:{port}"
        assert await post_once(url, recipient="grüße@müller.example", message=header) == Posted()
        assert await post_once(url) == Posted()
    assert mailbox.mails[0].rcpt_tos == ["grüße@müller.example"]
    assert "SMTPUTF8" in mailbox.mails[0].mail_options
    assert "SMTPUTF8" not in mailbox.mails[1].mail_options
    async with smtp_server(mailbox) as port:
        url = f"smtp://127.0.0.1:{port}"
        reason = "the mail server cannot write to addresses outside of ASCII"
        assert await post_once(url, recipient="grüße@müller.example") == Rejected(reason)
        assert await post_once(url, message=header) == Rejected(reason)
    assert len(mailbox.mails) == 2


# Servers that fail.


async def talk(visit: Visit, answers: dict[str, bytes | None], thinks_seconds: float = 0.0) -> None:
    """An SMTP server that answers as `answers` says for a step, and well otherwise. None hangs,
    nothing breaks off; what it reads is noted. It thinks before it takes a message."""
    good = {"greeting": b"220 test", "DATA": b"354 go on", "end": b"250 taken", "QUIT": b"221 bye"}
    step: str = "greeting"
    while True:
        answer = answers.get(step, good.get(step, b"250 fine"))
        if answer is None:
            await asyncio.Event().wait()
        if not answer:
            return
        await visit.say(answer + b"\r\n")
        if step == "QUIT":
            return
        until = b"\r\n.\r\n" if step == "DATA" and answer.startswith(b"354") else b"\r\n"
        try:
            line = await visit.reader.readuntil(until)
        except asyncio.IncompleteReadError:
            return
        visit.receiver.requests.append(line.removesuffix(b"\r\n"))
        step = "end" if until != b"\r\n" else line.split()[0].decode().upper()
        await asyncio.sleep(thinks_seconds if step == "end" else 0)


async def outcome_of(
    answers: dict[str, bytes | None], scheme: str = "smtp", thinks_seconds: float = 0.0
) -> tuple[MailAnswer, RawReceiver]:
    async with receiving(lambda visit: talk(visit, answers, thinks_seconds)) as server:
        return await post_once(f"{scheme}://127.0.0.1:{server.port}"), server


@pytest.mark.parametrize(
    ("step", "answer", "kind", "reason"),
    [
        ("greeting", b"421 busy", ServerFailed, "the mail server answered 421 busy"),
        ("greeting", b"554 no", ServerFailed, "the mail server answered 554 no"),
        ("greeting", b"HTTP/1.1 400 Bad", ServerFailed, "the mail server's answer is not SMTP"),
        ("greeting", b"", ServerFailed, "the mail server broke the connection off"),
        ("EHLO", b"421 busy", ServerFailed, "the mail server answered 421 busy"),
        ("MAIL", b"421 busy", ServerFailed, "the mail server answered 421 busy"),
        ("MAIL", b"451 later", ServerFailed, "the mail server answered 451 later"),
        ("MAIL", b"550 not as you", ServerFailed, "the mail server answered 550 not as you"),
        ("MAIL", b"552 too large", Rejected, "the mail server answered 552 too large"),
        ("MAIL", b"", ServerFailed, "the mail server broke the connection off"),
        ("RCPT", b"421 busy", ServerFailed, "the mail server answered 421 busy"),
        ("RCPT", b"450 later", Deferred, "the mail server answered 450 later"),
        ("RCPT", b"530 sign in", ServerFailed, "the mail server answered 530 sign in"),
        ("RCPT", b"550 nobody", Rejected, "the mail server answered 550 nobody"),
        ("RCPT", b"550-no\r\n550 body", Rejected, "the mail server answered 550 no body"),
        ("RCPT", b"550 \xff\x00\x1b[31m", Rejected, "the mail server answered 550 \ufffd[31m"),
        ("RCPT", b"", Deferred, "the mail server broke the connection off"),
        ("DATA", b"451 later", Deferred, "the mail server answered 451 later"),
        ("DATA", b"554 nobody", Rejected, "the mail server answered 554 nobody"),
        ("DATA", b"", Deferred, "the mail server broke the connection off"),
        ("end", b"421 busy", ServerFailed, "the mail server answered 421 busy"),
        ("end", b"451 later", Deferred, "the mail server answered 451 later"),
        ("end", b"550 spam", Rejected, "the mail server answered 550 spam"),
        ("end", b"", Deferred, "the mail server broke the connection off"),
        ("end", b"nonsense", Deferred, "the mail server's answer is not SMTP"),
    ],
)
@pytest.mark.parametrize("offer", [b"250 fine", PIPELINING], ids=["plain", "pipelining"])
async def test_4xx_and_breaks_are_tried_again_and_5xx_is_not(
    step: str,
    answer: bytes,
    kind: type[Deferred | Rejected | ServerFailed],
    reason: str,
    offer: bytes,
) -> None:
    outcome, _ = await outcome_of({"EHLO": offer, step: answer})
    assert isinstance(outcome, kind)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("greeting", ServerFailed),
        ("EHLO", ServerFailed),
        ("MAIL", ServerFailed),
        ("RCPT", Deferred),
        ("DATA", Deferred),
        ("end", Deferred),
    ],
)
async def test_a_server_that_hangs_is_given_up_in_time(
    step: str, kind: type[Deferred | ServerFailed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_client, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(smtp_client, "TAKING_SECONDS", 0.3)
    outcome, _ = await asyncio.wait_for(outcome_of({step: None}), 20)
    assert isinstance(outcome, kind)
    assert outcome.reason == "the mail server did not answer in time"


async def test_a_try_ends_in_time_however_slow_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_client, "TRY_SECONDS", 0.3)
    outcome, _ = await asyncio.wait_for(outcome_of({"RCPT": None}), 20)
    assert outcome == Deferred("the mail server did not answer in time")


async def test_a_server_may_take_long_to_accept_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_client, "STEP_SECONDS", 0.5)
    outcome, _ = await outcome_of({"end": b"250 taken"}, thinks_seconds=1.0)
    assert outcome == Posted()


async def test_a_message_that_broke_off_after_data_was_sent_once() -> None:
    outcome, server = await outcome_of({"end": b""})
    assert isinstance(outcome, Deferred)
    assert server.connections == 1


@pytest.mark.parametrize(
    "answers",
    [
        {"EHLO": b"250 nothing special"},
        {"EHLO": b"250-test\r\n250 STARTTLS", "STARTTLS": b"454 not now"},
        {"EHLO": b"250-test\r\n250 STARTTLS", "STARTTLS": b"500 never"},
        {"EHLO": b"250-test\r\n250 STARTTLS", "STARTTLS": b"220 go\r\n250 and so on"},
    ],
)
async def test_nothing_is_sent_in_clear_where_starttls_is_refused(
    answers: dict[str, bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_client, "STEP_SECONDS", 1.0)
    outcome, server = await outcome_of(answers, "smtp+starttls")
    assert isinstance(outcome, ServerFailed)
    assert outcome.reason
    commands = b" ".join(server.requests).upper()
    assert b"MAIL" not in commands
    assert b"DATA" not in commands


class SecondTime(dict[str, bytes | None]):
    """Answers the second MAIL it receives otherwise than the first and the later ones."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer
        self._heard = 0

    def get(self, step: str, default: Any = None) -> Any:
        self._heard += step == "MAIL"
        return self._answer if step == "MAIL" and self._heard == 2 else default


@asynccontextmanager
async def second_mail_answered(answer: bytes) -> AsyncIterator[tuple[RawReceiver, SmtpTransport]]:
    answers = SecondTime(answer)
    async with (
        receiving(lambda visit: talk(visit, answers)) as server,
        transport(f"smtp://127.0.0.1:{server.port}") as made,
    ):
        yield server, made


@pytest.mark.parametrize("answer", [b"421 idle for too long", b""])
async def test_a_kept_connection_that_ended_is_no_failure(answer: bytes) -> None:
    async with second_mail_answered(answer) as (server, made):
        for _ in range(3):
            assert await made.post(SENDER, GUEST, MESSAGE) == Posted()
        assert server.connections == 2


@pytest.mark.parametrize("answer", [b"451 later", b"550 not as you"])
async def test_a_refusal_on_a_kept_connection_is_one(answer: bytes) -> None:
    async with second_mail_answered(answer) as (_, made):
        assert await made.post(SENDER, GUEST, MESSAGE) == Posted()
        assert isinstance(await made.post(SENDER, GUEST, MESSAGE), ServerFailed)


async def test_a_missing_mail_server_is_reported() -> None:
    async with receiving(lambda visit: talk(visit, {})) as server:
        pass
    gone = await post_once(f"smtp://127.0.0.1:{server.port}")
    assert gone == ServerFailed(reason="the mail server refused the connection")
    assert await post_once("smtp://no.invalid") == ServerFailed(
        reason="the mail server's name does not resolve", is_for_operator=True
    )
