"""What the settings take, and what they refuse at the start."""

from ipaddress import ip_address

import pytest

from kalends.settings import Settings, SettingsError


def settings(**environ: str) -> Settings:
    return Settings.from_environ({f"KALENDS_{name}": value for name, value in environ.items()})


def test_what_may_be_called_is_a_list_of_names_addresses_and_ranges() -> None:
    opened = settings(OUTBOUND_ALLOW=" hooks.internal, 10.0.0.0/8,::1 ,").outbound_allow
    assert opened.has_name("hooks.internal")
    assert opened.has_address(ip_address("10.1.2.3"))
    assert opened.has_address(ip_address("::1"))


@pytest.mark.parametrize("item", ["*.internal", "10.0.0.1/8", "http://a", "a:80", "127.1"])
def test_a_wrong_outbound_allowance_is_reported_at_the_start(item: str) -> None:
    with pytest.raises(SettingsError, match="KALENDS_OUTBOUND_ALLOW"):
        settings(OUTBOUND_ALLOW=f"127.0.0.1,{item}")


@pytest.mark.parametrize(
    ("public_url", "sender"),
    [
        ("https://book.example.com/", "kalends@book.example.com"),
        ("http://book.example.com:8080", "kalends@book.example.com"),
        ("http://10.0.0.1:8080", "kalends@localhost"),
        ("http://[::1]:8080", "kalends@localhost"),
        ("http://my_host:8080", "kalends@localhost"),
        ("http://[", "kalends@localhost"),
        ("", "kalends@localhost"),
    ],
)
def test_mail_comes_from_the_host_of_the_public_url(public_url: str, sender: str) -> None:
    assert settings(PUBLIC_URL=public_url).mail_from == sender


def test_mail_comes_from_the_address_that_is_set() -> None:
    assert settings(MAIL_FROM="desk@example.com").mail_from == "desk@example.com"


def test_an_address_that_is_none_is_refused_with_how_it_may_begin() -> None:
    with pytest.raises(SettingsError, match=r"begins with http:// or https://$"):
        settings(PUBLIC_URL="book.example.com")


@pytest.mark.parametrize("sender", ["desk", "Desk <desk@example.com>", "a@b\r\nBcc: c@d"])
def test_mail_comes_from_no_address_that_is_none(sender: str) -> None:
    with pytest.raises(SettingsError, match="KALENDS_MAIL_FROM"):
        settings(MAIL_FROM=sender)


def test_the_mail_server_is_read_at_the_start() -> None:
    assert settings().mail_server is None
    server = settings(SMTP_URL="smtps://me:secret@mail.example").mail_server
    assert server is not None
    assert (server.host, server.port, server.user) == ("mail.example", 465, "me")


@pytest.mark.parametrize("url", ["mail.example", "smtp://a b", "smtp://mail.example?verify=no"])
def test_a_wrong_mail_server_is_reported_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="KALENDS_SMTP_URL must"):
        settings(SMTP_URL=url)


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT"])
@pytest.mark.parametrize("half", ["CLIENT_ID", "CLIENT_SECRET"])
def test_one_half_of_a_registered_application_is_refused(provider: str, half: str) -> None:
    with pytest.raises(SettingsError, match=f"KALENDS_{provider}_.* belong together"):
        settings(**{f"{provider}_{half}": "x"})


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.google.example",
        "http://accounts.google.example:80",
        "http://127.0.0.1:80@google.example",
        "http://127.0.0.1.google.example:80",
        "http://127.0.0.1",
    ],
)
@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT"])
def test_nothing_but_this_machine_stands_for_a_provider(provider: str, url: str) -> None:
    client = {f"{provider}_CLIENT_ID": "x", f"{provider}_CLIENT_SECRET": "y"}
    with pytest.raises(SettingsError, match=f"KALENDS_{provider}_TEST_URL"):
        settings(**client, **{f"{provider}_TEST_URL": url})


def test_a_registered_application_is_read_at_the_start() -> None:
    assert settings().google is None
    google = settings(GOOGLE_CLIENT_ID="x", GOOGLE_CLIENT_SECRET="y").google
    assert google is not None
    assert (google.client_id, google.client_secret, google.test_url) == ("x", "y", None)


@pytest.mark.parametrize(
    "tenant", ["common", "consumers", "contoso.onmicrosoft.com", "72f988bf-86f1-41af-91ab-2d7cd011"]
)
def test_a_tenant_is_whose_accounts_are_meant(tenant: str) -> None:
    client = {"MICROSOFT_CLIENT_ID": "x", "MICROSOFT_CLIENT_SECRET": "y"}
    known = settings(**client, MICROSOFT_TENANT=tenant).microsoft
    assert known is not None
    assert known.tenant == tenant
    default = settings(**client).microsoft
    assert default is not None
    assert default.tenant == "common"


@pytest.mark.parametrize("tenant", ["common/x", "../x", "a b", "x?y", "https://evil.example"])
def test_a_tenant_is_no_part_of_another_address(tenant: str) -> None:
    client = {"MICROSOFT_CLIENT_ID": "x", "MICROSOFT_CLIENT_SECRET": "y"}
    with pytest.raises(SettingsError, match="KALENDS_MICROSOFT_TENANT"):
        settings(**client, MICROSOFT_TENANT=tenant)
