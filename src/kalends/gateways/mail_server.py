"""The operator's mail server, read from `KALENDS_SMTP_URL`."""

from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from kalends.gateways.addresses import has_numeric_end, is_host_name, read_address

DEFAULT_MAIL_PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
"""In clear; TLS from the first byte (RFC 8314 3.3); TLS by STARTTLS, or nothing is sent."""


class MailServer(Struct, frozen=True, kw_only=True):
    """The server that takes our mail, and the user to sign in as, if there is one."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.scheme}://{self.host}:{self.port})"


def read_mail_server(url: str) -> MailServer:
    """Reads a URL with the scheme `smtp`, `smtps` or `smtp+starttls`, in which user and password,
    if any, are percent-encoded.

    There is no option to skip the check of certificates: an authority of one's own has to be known
    to the system, or be named by `SSL_CERT_FILE`. Raises ValueError with the end of a sentence.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in DEFAULT_MAIL_PORTS:
        raise ValueError("must begin with smtp://, smtps:// or smtp+starttls://")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must have a valid host, and a port from 1 to 65535 if any") from None
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        raise ValueError("must end after host and port: it takes no path and no options")
    host = parts.hostname or ""
    is_host = read_address(host) or (is_host_name(host) and not has_numeric_end(host))
    if not is_host or port == 0 or parts.netloc.endswith(":"):
        raise ValueError("must have a valid host, and a port from 1 to 65535 if any")
    return MailServer(
        scheme=scheme.lower(),
        host=host,
        port=port or DEFAULT_MAIL_PORTS[scheme.lower()],
        user=_read_secret(parts.username) or None,
        password=_read_secret(parts.password),
    )


def _read_secret(text: str | None) -> str:
    try:
        secret = unquote(text or "", errors="strict")
    except UnicodeDecodeError:
        raise ValueError("must have user and password in UTF-8, percent-encoded") from None
    if not secret.isprintable():
        raise ValueError("must not hold control characters in user or password")
    return secret
