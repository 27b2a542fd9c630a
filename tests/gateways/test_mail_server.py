"""How the operator names the mail server."""

import pytest

from kalends.gateways.mail_server import MailServer, read_mail_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", MailServer(scheme="smtp", host="localhost", port=25)),
        ("SMTPS://Mail.Example/", MailServer(scheme="smtps", host="mail.example", port=465)),
        ("smtp+starttls://[::1]", MailServer(scheme="smtp+starttls", host="::1", port=587)),
        ("smtp://mail_relay:2525", MailServer(scheme="smtp", host="mail_relay", port=2525)),
        (
            "smtps://me%40example.com:p%3A%2F%40%25%C3%A9@10.0.0.5:25",
            MailServer(
                scheme="smtps", host="10.0.0.5", port=25, user="me@example.com", password="p:/@%é"
            ),
        ),
    ],
)
def test_a_mail_server_is_read(url: str, server: MailServer) -> None:
    assert read_mail_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:25",
        "http://mail.example",
        "smtp:mail.example",
        "smtp://",
        "smtp://:25",
        "smtp://user:password@",
        "smtp://mail.example:0",
        "smtp://mail.example:65536",
        "smtp://mail.example:smtp",
        "smtp://mail.example:",
        "smtp://mail.example/inbox",
        "smtp://mail.example?verify=no",
        "smtp://mail.example#a",
        "smtp://mail..example",
        "smtp://mail example",
        "smtp://10.0.0.256",
        "smtp://127.1",
        "smtp://[::g]",
        "smtp://a:b%0d%0aQUIT@mail.example",
        "smtp://a%00:b@mail.example",
        "smtp://a:%ff@mail.example",
    ],
)
def test_what_names_no_mail_server_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        read_mail_server(url)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(read_mail_server("smtp://me:hunter2@mail.example"))
