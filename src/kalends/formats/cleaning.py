"""Text that users wrote, made safe for headers, invitations and mail: it stays text.

Names, titles and notes come in by the API, by public pages and from other systems, so nothing is
assumed of them here. What is written into HTML is escaped there, by its template.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, urlsplit

# Line and paragraph separators are line breaks to some readers and not to others.
_BREAKS: Final = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
# C0 and C1, lone surrogates, non-characters, byte order mark; and what turns the direction of the
# text that follows (a name could else rewrite the sentence around it). Joiners stay: emoji and
# several scripts need them.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\u202a-\u202e\u2066-\u2069]"
)
_SPACES: Final = re.compile("[ \t\n]+")
_LINK_SCHEMES: Final = frozenset({"http", "https"})
_NOT_IN_A_LINK: Final = re.compile(r"[\s\\<>\"'`{}|^]")
_PHONE: Final = re.compile(r"tel:\+?[0-9().-]{2,40}(;[a-z0-9=+.;-]{1,60})?", re.ASCII)
# An address of which nothing has to be written in another way, in a header or a URI.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9!$'*+._~-]+@[A-Za-z0-9.-]+")
_NOT_IN_A_DOMAIN: Final = re.compile(r"[\s@\"(),:;<>\[\]\\]")
_NOT_IN_A_LABEL: Final = re.compile(r"[\x00-,./:-@\[-`{-\x7f]")
# What may stand in a mailto address beside letters and digits (RFC 6068 2), `/` left out.
_MAILTO_SAFE: Final = "!$'*+-._~"


def one_line(text: str) -> str:
    """The text on one line: breaks are spaces, controls are gone."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", many_lines(text)).strip(" ")


def many_lines(text: str) -> str:
    """The text with `\\n` as its only break, tabs kept, other controls gone."""
    if text.isprintable():  # most text is: no break is, nor anything that is unwanted
        return text
    return _UNWANTED.sub("", _BREAKS.sub("\n", text)).strip("\n")


def shortened(text: str, most: int) -> str:
    """The text, at most `most` characters long; an ellipsis shows that something is missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def find_link(text: str) -> str | None:
    """The text itself if it is nothing but a link that may be followed: http, https or tel."""
    if _PHONE.fullmatch(text):
        return text
    if ":" not in text or _NOT_IN_A_LINK.search(text) or one_line(text) != text:
        return None
    try:
        parts = urlsplit(text)
        is_link = parts.scheme in _LINK_SCHEMES and bool(parts.hostname)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return None
    # A name before the host (https://bank.example@evil.example) is there to mislead.
    return text if is_link and "@" not in parts.netloc else None


def mail_address(address: str) -> str:
    """The address as mail servers want it: an international domain as its A-labels (RFC 5891).

    A local part outside ASCII stays; it needs a server with SMTPUTF8 (RFC 6531). What cannot be in
    a domain is left out: then there is no such place, rather than another recipient.
    """
    if _PLAIN_ADDRESS.fullmatch(address):
        return address
    local, _, domain = one_line(address).rpartition("@")
    labels = _NOT_IN_A_DOMAIN.sub("", domain).split(".")
    return f"{local}@{'.'.join(map(_a_label, labels))}"


def mailto(address: str) -> str:
    """The address as a URI (RFC 6068), for invitations."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return f"mailto:{address}"
    local, _, domain = mail_address(address).rpartition("@")
    return f"mailto:{quote(local, safe=_MAILTO_SAFE)}@{quote(domain, safe='-._~')}"


def _a_label(label: str) -> str:
    """Not the `idna` codec: it is IDNA 2003, in which straße.example is strasse.example, another
    domain. A label that hides punctuation (a fullwidth > or comma) is no name and stays as it is.
    """
    if label.isascii():
        return label
    normal = unicodedata.normalize("NFKC", label.lower())
    if _NOT_IN_A_LABEL.search(normal):
        return label
    return normal if normal.isascii() else "xn--" + normal.encode("punycode").decode("ascii")
