"""Addresses that are accepted are those that mail carries as they stand."""

import re
from collections.abc import Iterator

import pytest

from kalends.domain.values import is_email
from kalends.formats.cleaning import mail_address

# Assigned planes; what lies between has no characters.
CODES = [*range(0x30000), *range(0xE0000, 0xE0200), 0xEFFFE, 0x10FFFE, 0x10FFFF]


def accepted(template: str) -> Iterator[tuple[str, str]]:
    for code in CODES:
        address = template.format(chr(code))
        if is_email(address):
            yield chr(code), address


def test_any_accepted_local_part_is_mailed_unchanged() -> None:
    mailed_by_part = [(one, mail_address(address)) for one, address in accepted("a{}b@example.com")]
    assert len(mailed_by_part) > 100_000
    assert [one for one, mailed in mailed_by_part if mailed != f"a{one}b@example.com"] == []


def test_any_accepted_domain_is_mailed_to_one_name() -> None:
    mailed_addresses = [
        (address, mail_address(address)) for _, address in accepted("a@ex{}ample.com")
    ]
    assert len(mailed_addresses) > 100_000
    assert [a for a, mailed in mailed_addresses if not a.isascii() and "@xn--" not in mailed] == []
    wrong = [
        address
        for address, mailed in mailed_addresses
        if not mailed.isascii() or re.sub("[^@.]", "", mailed) != re.sub("[^@.]", "", address)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "hidden",
    [
        "\u202e", "\u2066", "\u200b", "\u200d", "\u200e", "\u00ad", "\ufeff", "\u034f", "\ufe0f",
        "\u2060", "\u3164", "\u115f", "\u2800", "\u061c", "\x85", "\x7f", "\x01", "\u2028",
        "\ufffd", "\U000e0041", "\ufdd0", "\uffff", "\u3000", "\u00a0", "\u0600",
    ],
)  # fmt: skip
@pytest.mark.parametrize("template", ["a{}b@example.com", "{}a@example.com", "a{}@example.com"])
def test_what_does_not_show_is_refused_anywhere(template: str, hidden: str) -> None:
    assert not is_email(template.format(hidden))
    assert not is_email(f"a@ex{hidden}ample.com")
    assert not is_email(f"a@example.com{hidden}")


@pytest.mark.parametrize(
    "domain", ["ex\uff0eample.com", "example\u3002com", "a\uff20b.com", "a\uff1eb.c"]
)
def test_punctuation_in_disguise_is_refused(domain: str) -> None:
    assert not is_email(f"ada@{domain}")


@pytest.mark.parametrize("letter", ["\u24d4", "\uff45", "\ufb01", "\u2103", "\uff76"])
def test_a_domain_with_letters_in_disguise_is_refused(letter: str) -> None:
    assert not is_email(f"ada@{letter}xample.com")


def test_letters_of_several_parts_are_accepted_in_a_domain() -> None:
    assert is_email("ada@mu\u0308ller.example")
    assert is_email("ada@M\u00dcLLER.example")


@pytest.mark.parametrize("letter", ["a", "ü", "用"])
def test_no_label_is_longer_than_names_have(letter: str) -> None:
    taken = [n for n in range(1, 80) if is_email(f"ada@{letter * n}.example")]
    written = [mail_address(f"ada@{letter * n}.example")[4:].split(".")[0] for n in range(1, 80)]
    assert taken == [n for n, label in enumerate(written, 1) if len(label) <= 63]


@pytest.mark.parametrize(
    "encoded", ["=?utf-8?q?ada?=", "=?UTF-8?B?YWRh?=", "x=?iso-8859-1?Q?=41?="]
)
def test_what_mail_would_read_as_other_text_is_refused(encoded: str) -> None:
    assert not is_email(f"{encoded}@example.com")


def test_signs_that_encode_nothing_are_accepted() -> None:
    assert is_email("a=?b@example.com")
    assert is_email("who?=me@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "ada+tag@example.com", "o'brien@example.com", "a.b-c_d@sub.example.co.uk", "ada@localhost",
        "jürgen@straße.example", "ада@почта.рф", "用户@例子.广告", "अजय@डाटा.भारत",
        "χρήστης@παράδειγμα.ελ", "علي@مثال.السعودية", "דנה@דוגמה.קום", "๐๑@คน.ไทย",
        "e\u0301a@example.com", "😀@example.com",
    ],
)  # fmt: skip
def test_letters_of_every_script_are_accepted(address: str) -> None:
    assert is_email(address)
    assert mail_address(address).rpartition("@")[0] == address.rpartition("@")[0]
