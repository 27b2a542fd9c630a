"""Cleans texts that users wrote, so that they are safe in headers, invitations and mail.

Names, titles and notes come from the API, from public pages and from other systems, so nothing is
assumed about them. Texts in HTML are escaped by their templates.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, urlsplit

# Some programs take line and paragraph separators as line breaks, and others do not.
_BREAKS: Final = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
# C0 and C1 controls, lone surrogates, non-characters, the byte order mark; and bidi controls, with
# which a name could rewrite the sentence around it. Joiners stay, as emoji and several scripts need
# them.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\u202a-\u202e\u2066-\u2069]"
)
_SPACES: Final = re.compile("[ \t\n]+")
_LINK_SCHEMES: Final = frozenset({"http", "https"})
_NOT_IN_A_LINK: Final = re.compile(r"[\s\\<>\"'`{}|^]")
_PHONE: Final = re.compile(r"tel:\+?[0-9().-]{2,40}(;[a-z0-9=+.;-]{1,60})?", re.ASCII)
# A mail address that needs no encoding, neither in a header nor in a URI.
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9!$'*+._~-]+@[A-Za-z0-9.-]+")
_NOT_IN_A_DOMAIN: Final = re.compile(r"[\s@\"(),:;<>\[\]\\]")
_NOT_IN_A_LABEL: Final = re.compile(r"[\x00-,./:-@\[-`{-\x7f]")
# The characters beside letters and digits that a mailto URI may have (RFC 6068 2), without `/`.
_MAILTO_SAFE: Final = "!$'*+-._~"


def one_line(text: str) -> str:
    """The text on one line, with spaces for line breaks, and without control characters."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", many_lines(text)).strip(" ")


def many_lines(text: str) -> str:
    """The text with `\\n` for all line breaks, with tabs, and without other control characters."""
    if text.isprintable():  # as most texts are; no line break or unwanted character is printable
        return text
    return _UNWANTED.sub("", _BREAKS.sub("\n", text)).strip("\n")


def shortened(text: str, most: int) -> str:
    """The text, cut to at most `most` characters; an ellipsis shows that it was cut."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def find_link(text: str) -> str | None:
    """The text itself if all of it is a link that is safe to follow: http, https or tel."""
    if _PHONE.fullmatch(text):
        return text
    if ":" not in text or _NOT_IN_A_LINK.search(text) or one_line(text) != text:
        return None
    try:
        parts = urlsplit(text)
        is_link = parts.scheme in _LINK_SCHEMES and bool(parts.hostname)
        _ = parts.port  # raises for an invalid port
    except ValueError:
        return None
    # A user name before the host (https://bank.example@evil.example) is meant to mislead.
    return text if is_link and "@" not in parts.netloc else None


def mail_address(address: str) -> str:
    """The address as mail servers want it, with an international domain as A-labels (RFC 5891).

    A local part outside ASCII does not change; it needs a server with SMTPUTF8 (RFC 6531).
    Characters that a domain cannot have are removed: then the mail reaches nobody, rather than
    another recipient.
    """
    if _PLAIN_ADDRESS.fullmatch(address):
        return address
    local, _, domain = one_line(address).rpartition("@")
    labels = _NOT_IN_A_DOMAIN.sub("", domain).split(".")
    return f"{local}@{'.'.join(map(_a_label, labels))}"


def mailto(address: str) -> str:
    """The address as a mailto URI (RFC 6068), for invitations."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return f"mailto:{address}"
    local, _, domain = mail_address(address).rpartition("@")
    return f"mailto:{quote(local, safe=_MAILTO_SAFE)}@{quote(domain, safe='-._~')}"


def _a_label(label: str) -> str:
    """The A-label of a label.

    Python's `idna` codec would not do: it is IDNA 2003, in which straße.example becomes
    strasse.example, another domain. A label that hides punctuation (a fullwidth > or comma) is not
    a name and does not change.
    """
    if label.isascii():
        return label
    normal = unicodedata.normalize("NFKC", label.lower())
    if _NOT_IN_A_LABEL.search(normal):
        return label
    return normal if normal.isascii() else "xn--" + normal.encode("punycode").decode("ascii")
