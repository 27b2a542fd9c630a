"""Reads and checks all settings, which are environment variables named `KALENDS_…`, once.

Nothing below `compose` reads configuration.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kalends.domain.values import Email
from kalends.gateways.addresses import AllowedDestinations, has_numeric_end, read_opened
from kalends.gateways.mail_server import MailServer, read_mail_server

TENANT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")


class SettingsError(Exception):
    """A setting is wrong; the message names it and says which values it takes."""


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """The OAuth application that the operator has registered at a provider. `test_url` replaces the
    provider in tests, and has to be on this machine. `tenant` is Microsoft's word for whose
    accounts may sign in."""

    client_id: str
    client_secret: str
    test_url: str | None = None
    tenant: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The values of all settings, in the order of the README's table."""

    data_dir: Path
    postgres_programs: Path | None
    database_url: str | None
    database_pool: int
    public_url: str | None
    secret: str | None
    mail_server: MailServer | None
    mail_from: str
    outbound_allow: AllowedDestinations
    webhook_retry_scale: float
    calcom_give_up_after_seconds: float
    google: ClientSettings | None
    microsoft: ClientSettings | None
    jitsi_url: str | None
    zoom_test_url: str | None
    rate_limit_read: int
    rate_limit_write: int
    rate_limit_sign_in: int
    rate_limit_page_address: int
    rate_limit_page_schedule: int
    trusted_proxies: tuple[str, ...]
    log_level: str
    log_format: str
    metrics: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Reads the environment. Raises SettingsError for a value that the table does not allow."""
        read = _Environ(environ)
        settings = cls(
            data_dir=Path(read.text("DATA_DIR") or "./data").absolute(),
            postgres_programs=read.folder("POSTGRES_PROGRAMS"),
            database_url=read.url("DATABASE_URL", ("postgresql", "postgres")),
            database_pool=read.whole("DATABASE_POOL", 10, at_least=2),
            public_url=read.url("PUBLIC_URL", ("http", "https")),
            secret=read.text("SECRET"),
            mail_server=read.mail_server("SMTP_URL"),
            mail_from=read.email("MAIL_FROM") or _own_address(read.text("PUBLIC_URL")),
            outbound_allow=read.opened("OUTBOUND_ALLOW"),
            webhook_retry_scale=read.fraction("WEBHOOK_RETRY_SCALE", 1.0),
            calcom_give_up_after_seconds=read.fraction("CALCOM_PATIENCE", 60.0),
            google=read.client("GOOGLE"),
            microsoft=read.client("MICROSOFT", tenant=read.tenant("MICROSOFT_TENANT")),
            jitsi_url=read.url("JITSI_URL", ("https", "http")),
            zoom_test_url=read.url_of_this_machine("ZOOM_TEST_URL"),
            rate_limit_read=read.limit("RATE_LIMIT_READ", 300),
            rate_limit_write=read.limit("RATE_LIMIT_WRITE", 100),
            rate_limit_sign_in=read.limit("RATE_LIMIT_SIGN_IN", 10),
            rate_limit_page_address=read.limit("RATE_LIMIT_PAGE_ADDRESS", 10),
            rate_limit_page_schedule=read.limit("RATE_LIMIT_PAGE_SCHEDULE", 30),
            trusted_proxies=read.items("TRUSTED_PROXIES"),
            log_level=read.one_of("LOG_LEVEL", ("info", "debug", "warning", "error")),
            log_format=read.one_of("LOG_FORMAT", ("json", "text")),
            metrics=read.one_of("METRICS", ("on", "off")) == "on",
        )
        if settings.database_url and not settings.secret:
            raise SettingsError(
                "KALENDS_SECRET is required with KALENDS_DATABASE_URL: every process of the "
                "installation needs the same one. Make one with: openssl rand -hex 32"
            )
        if settings.secret and len(settings.secret) < 32:
            raise SettingsError("KALENDS_SECRET must have at least 32 characters.")
        return settings


def _own_address(public_url: str | None) -> str:
    """The sender of mail where none is set: `kalends@` the host of the public URL."""
    with suppress(ValueError):
        host = urlsplit(public_url or "").hostname
        if host and not has_numeric_end(host):
            return str(Email.parse(f"kalends@{host}"))
    return "kalends@localhost"


class _Environ:
    """Reads one kind of value each, from variables named `KALENDS_…`. All methods raise
    SettingsError."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        return self._environ.get(f"KALENDS_{name}", "").strip() or None

    def folder(self, name: str) -> Path | None:
        value = self.text(name)
        if value and not Path(value).is_dir():
            raise SettingsError(f"KALENDS_{name} names {value}, which is no folder.")
        return Path(value).absolute() if value else None

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in (self.text(name) or "").split(",") if item.strip())

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            beginnings = " or ".join(f"{scheme}://" for scheme in schemes)
            raise SettingsError(f"KALENDS_{name} must be a URL that begins with {beginnings}")
        return value.rstrip("/") if value else None

    def email(self, name: str) -> str | None:
        value = self.text(name)
        try:
            return str(Email.parse(value)) if value else None
        except ValueError as error:
            raise SettingsError(f"KALENDS_{name} {error}.") from error

    def mail_server(self, name: str) -> MailServer | None:
        value = self.text(name)
        try:
            return read_mail_server(value) if value else None
        except ValueError as error:
            raise SettingsError(f"KALENDS_{name} {error}.") from error

    def client(self, provider: str, tenant: str = "") -> ClientSettings | None:
        names = f"{provider}_CLIENT_ID", f"{provider}_CLIENT_SECRET"
        client_id, secret = map(self.text, names)
        if not client_id and not secret:
            return None
        if not client_id or not secret:
            raise SettingsError(
                f"KALENDS_{names[0]} and KALENDS_{names[1]} belong together: both or neither."
            )
        return ClientSettings(
            client_id=client_id,
            client_secret=secret,
            test_url=self.url_of_this_machine(f"{provider}_TEST_URL"),
            tenant=tenant,
        )

    def tenant(self, name: str) -> str:
        """Whose Microsoft accounts: all, those of organizations, personal ones, or one tenant's."""
        value = self.text(name) or "common"
        if not TENANT.fullmatch(value):
            raise SettingsError(
                f"KALENDS_{name} must be common, organizations, consumers, or the id or domain of "
                "a tenant."
            )
        return value

    def url_of_this_machine(self, name: str) -> str | None:
        """A URL for tests: only on this machine, so that no secret can leave it."""
        value = self.url(name, ("http",))
        if value and not LOOPBACK.fullmatch(value):
            raise SettingsError(
                f"KALENDS_{name} is for tests: it must be http://127.0.0.1 and a port."
            )
        return value

    def opened(self, name: str) -> AllowedDestinations:
        try:
            return read_opened(self.items(name))
        except ValueError as error:
            raise SettingsError(f"KALENDS_{name}: {error}") from error

    def whole(self, name: str, default: int, at_least: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or int(value[:9]) < at_least:
            raise SettingsError(f"KALENDS_{name} must be a whole number, {at_least} or more.")
        return int(value[:9])

    def limit(self, name: str, default: int) -> int:
        """A limit of requests a minute; `none`, for no limit, is read as 0."""
        if self.text(name) == "none":
            return 0
        try:
            return self.whole(name, default, at_least=1)
        except SettingsError as error:
            raise SettingsError(f"{str(error).removesuffix('.')}, or none.") from error

    def fraction(self, name: str, default: float) -> float:
        try:
            value = float(self.text(name) or default)
        except ValueError as error:
            raise SettingsError(f"KALENDS_{name} must be a number.") from error
        if not 0 <= value <= 1000:
            raise SettingsError(f"KALENDS_{name} must lie between 0 and 1000.")
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name) or choices[0]
        if value not in choices:
            raise SettingsError(f"KALENDS_{name} must be one of: {', '.join(choices)}.")
        return value
