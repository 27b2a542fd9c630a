"""Connection parameters by libpq's names, which the driver and the command-line tools share."""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

LIBPQ: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "channel_binding": "PGCHANNELBINDING",
}


@dataclass(frozen=True)
class ConnectParameters:
    """How to reach a database: a URL, or the host (a socket's folder), user and database name."""

    dsn: str | None = None
    host: str | None = None
    user: str | None = None
    database: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        """Keyword arguments for the driver."""
        return {k: v for k, v in vars(self).items() if v is not None}


def libpq_environment(parameters: ConnectParameters) -> dict[str, str]:
    """The parameters as libpq's environment variables, as everybody can read a command line."""
    named = {k: v for k, v in vars(parameters).items() if v is not None and k != "dsn"}
    words = words_of_url(parameters.dsn) if parameters.dsn else {}
    words |= {name: str(value) for name, value in named.items()}
    return {LIBPQ[name]: value for name, value in words.items() if name in LIBPQ and value}


def words_of_url(url: str) -> dict[str, str]:
    """The parts of a database URL by libpq's names; several hosts are separated by commas."""
    parts = urlsplit(url)
    account, _, places = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    split = [re.fullmatch(r"(\[.*\]|[^:]*):?(\d*)", place) for place in places.split(",")]
    hosts = [unquote(match[1].strip("[]")) for match in split if match]
    ports = [match[2] or "5432" for match in split if match]
    words = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(hosts),
        "port": ",".join(ports),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return words | dict(parse_qsl(parts.query))
