"""A new password by link, and inviting users: who gets a link, what it does, and how often."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.errors import Unauthorized
from kalends.domain.ids import ORGANIZATION, encode_id, new_id
from kalends.runtime.passwords import verify_password
from kalends.services.users import sign_in_sessions
from kalends.services.users.sign_in_sessions import Credentials
from kalends.web.http.sign_ins import ANONYMOUS
from tests.commands import run_kalends
from tests.conftest import BehindAProxy
from tests.homes import BESIDE
from tests.mails import StoredMail
from tests.servers import Server
from tests.web.people.test_sessions import early_in_a_minute, some_address
from tests.world import World

NEW = "a brand new password"
LIMIT = 3


@pytest.fixture
def mailbox(home: Installation) -> StoredMail:
    return StoredMail(home)


def ask(world: World, address: str, **headers: str) -> httpx.Response:
    return world.stranger.post("/password-reset", data={"email": address}, headers=headers)


def sign_in(world: World, address: str, password: str) -> httpx.Response:
    body = {"email": address, "password": password}
    return httpx.post(f"{world.url}/api/auth/login", json=body, timeout=30)


def invite(environment: dict[str, str], world: World, address: str, role: str = "member") -> str:
    organization = encode_id(ORGANIZATION, world.setup.organization_id)
    words = ["--organization", organization, "--email", address, "--role", role]
    served = {**environment, "KALENDS_PUBLIC_URL": world.url}
    done = run_kalends(served, "users", "invite", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def someone() -> str:
    return f"someone-{new_id().hex[:12]}@example.test"


# A new password


def test_who_forgot_the_password_sets_a_new_one_by_mail(world: World, mailbox: StoredMail) -> None:
    admin = world.setup.admin_email
    before = sign_in(world, admin, world.password)
    cookie = {"cookie": before.headers["set-cookie"].partition(";")[0]}
    answer = ask(world, admin)
    assert (answer.status_code, answer.headers["location"]) == (303, "/password-reset?sent=1")
    assert "Look into your mail" in world.stranger.get("/password-reset?sent=1").text
    [link] = mailbox.links_to(admin)
    page = world.stranger.get(link)
    assert page.status_code == 200
    assert admin in page.text
    done = world.stranger.post(link, data={"password": NEW})
    assert done.status_code == 200
    assert "Your password is set" in done.text
    assert sign_in(world, admin, world.password).status_code == 401
    assert sign_in(world, admin, NEW).status_code == 200
    me = httpx.get(f"{world.url}/api/auth/me", headers=cookie)
    assert me.status_code == 401


def test_an_unknown_address_is_answered_alike_and_gets_no_mail(
    world: World, mailbox: StoredMail
) -> None:
    stranger = someone()
    known, unknown = ask(world, world.setup.admin_email), ask(world, stranger)
    assert known.status_code == unknown.status_code
    assert known.content == unknown.content
    assert _without_ids(known) == _without_ids(unknown)
    mailbox.links_to(world.setup.admin_email)
    mailbox.wait_for_jobs()
    assert mailbox.to(stranger) == []


def _without_ids(answer: httpx.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date")}


def test_an_address_is_known_however_it_is_written(world: World, mailbox: StoredMail) -> None:
    ask(world, world.setup.admin_email.upper())
    assert mailbox.links_to(world.setup.admin_email)


def test_a_link_works_once(world: World, mailbox: StoredMail) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    assert world.stranger.post(link, data={"password": NEW}).status_code == 200
    again = world.stranger.post(link, data={"password": "yet another one"})
    assert again.status_code == 404
    assert world.stranger.get(link).status_code == 404
    assert sign_in(world, world.setup.admin_email, NEW).status_code == 200


def test_looking_at_a_link_changes_nothing(world: World, mailbox: StoredMail) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    for _ in range(3):
        assert world.stranger.get(link).status_code == 200
        assert world.stranger.head(link).status_code == 200
    assert sign_in(world, world.setup.admin_email, world.password).status_code == 200
    assert world.stranger.post(link, data={"password": NEW}).status_code == 200


def test_of_many_at_once_one_sets_the_password(world: World, mailbox: StoredMail) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)

    def post(number: int) -> int:
        password = {"password": f"password of number {number}"}
        return httpx.post(f"{world.url}{link}", data=password, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert sorted(answers) == [200] + [404] * 7
    winner = answers.index(200)
    password = f"password of number {winner}"
    assert sign_in(world, world.setup.admin_email, password).status_code == 200


def test_one_that_is_used_ends_the_others(world: World, mailbox: StoredMail) -> None:
    for _ in range(2):
        ask(world, world.setup.admin_email)
    first, second = mailbox.links_to(world.setup.admin_email, 2)
    assert world.stranger.post(second, data={"password": NEW}).status_code == 200
    assert world.stranger.post(first, data={"password": "another one"}).status_code == 404


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (61, 404)])
def test_a_link_works_for_an_hour(
    world: World, mailbox: StoredMail, minutes: int, status: int
) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    mailbox.rows(
        "UPDATE account_links l SET expires_at = l.expires_at - make_interval(mins => $2) "
        "FROM users u WHERE u.id = l.user_id AND u.email = $1",
        world.setup.admin_email,
        minutes,
    )
    assert world.stranger.get(link).status_code == status
    assert world.stranger.post(link, data={"password": NEW}).status_code == status


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_cannot_be_is_refused_and_the_link_stays(
    world: World, mailbox: StoredMail, password: str
) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    refused = world.stranger.post(link, data={"password": password})
    assert refused.status_code == 422
    assert "It must have 8 to 200 characters." in refused.text
    assert world.stranger.post(link, data={"password": NEW}).status_code == 200


def test_an_invalid_address_is_reported(world: World) -> None:
    answer = ask(world, '"><b>x')
    assert answer.status_code == 422
    assert "<b>x" not in answer.text


@pytest.mark.parametrize("path", ["/password-reset/x", "/invitations/x", "/invitations/%ff"])
def test_a_link_that_there_never_was_opens_nothing(world: World, path: str) -> None:
    assert world.stranger.get(path).status_code == 404
    assert world.stranger.post(path, data={"password": NEW}).status_code == 404


def test_a_form_from_a_foreign_page_is_refused(world: World, mailbox: StoredMail) -> None:
    stranger = someone()
    assert ask(world, stranger, origin="https://evil.example").status_code == 403
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    foreign = {"origin": "https://evil.example"}
    refused = world.stranger.post(link, data={"password": NEW}, headers=foreign)
    assert refused.status_code == 403


def test_the_link_leads_to_us_for_any_host_header(world: World, mailbox: StoredMail) -> None:
    ask(world, world.setup.admin_email, host="evil.example")
    assert mailbox.links_to(world.setup.admin_email)
    [(_, mail)] = mailbox.to(world.setup.admin_email)
    assert "evil.example" not in mail.as_string()


def test_nobody_fills_a_mailbox_by_asking(world: World, mailbox: StoredMail) -> None:
    for _ in range(7):
        assert ask(world, world.setup.admin_email).status_code == 303
        mailbox.wait_for_jobs()
    assert len(mailbox.links_to(world.setup.admin_email, 5)) == 5


def test_a_user_without_an_organization_gets_no_mail(world: World, mailbox: StoredMail) -> None:
    lonely = someone()
    mailbox.rows(
        "INSERT INTO users (id, email, created_at) VALUES ($1, $2, now())", new_id(), lonely
    )
    ask(world, lonely)
    mailbox.wait_for_jobs()
    assert mailbox.to(lonely) == []


def test_the_mail_is_in_the_mailbox_of_the_first_live_organization(
    new_world: Callable[[], World], mailbox: StoredMail
) -> None:
    first, second = new_world(), new_world()
    admin = second.setup.admin_email
    mailbox.rows(
        "INSERT INTO memberships SELECT $1, id, 'member' FROM users WHERE email = $2",
        first.setup.organization_id,
        admin,
    )
    mailbox.rows(
        "UPDATE organizations SET name = ' first' || id WHERE id = $1",
        first.setup.organization_id,
    )
    ask(second, admin)
    mailbox.links_to(admin)
    [(organization_id, _)] = mailbox.to(admin)
    assert organization_id == first.setup.organization_id


def test_no_token_is_kept_or_logged(world: World, mailbox: StoredMail, server: Server) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    world.stranger.get(link)
    token = link.rpartition("/")[2]
    assert len(token) >= 43
    query = "SELECT count(*) FROM {0} t WHERE strpos(t::text, $1) > 0"
    for table in ("account_links", "mails", "pgqueuer"):
        assert mailbox.rows(query.format(table), token)[0][0] == 0
    assert token not in server.log_file.read_text()


async def test_a_sign_in_under_way_does_not_outlive_its_password(
    home: Installation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at, then the password is changed and all sessions end, then it would begin."""
    context = home.context(BESIDE)

    async def verified_then_changed(password: str, password_hash: str | None) -> bool:
        is_right = await verify_password(password, password_hash)
        async with context.database.connection() as tx:
            await tx.execute(
                "UPDATE users SET password_hash = 'another' WHERE email = $1",
                world.setup.admin_email,
            )
        return is_right

    monkeypatch.setattr(
        "kalends.services.users.sign_in_sessions.verify_password", verified_then_changed
    )
    given = Credentials(world.setup.admin_email, world.password, "192.0.2.1")
    with pytest.raises(Unauthorized):
        await sign_in_sessions.sign_in(context, ANONYMOUS, given, 0, None)
    await context.database.close()


# How often that may be asked


@pytest.fixture(scope="module")
def limited(behind_a_proxy: BehindAProxy) -> Iterator[list[Server]]:
    """Two processes behind a proxy (so a test can come from anywhere), three asks each."""
    with behind_a_proxy(KALENDS_RATE_LIMIT_SIGN_IN=str(LIMIT)) as both:
        yield both


def test_asking_is_limited_exactly_for_an_account_from_one_address(
    limited: list[Server], world: World
) -> None:
    early_in_a_minute()
    address, account = some_address(), someone()

    def ask_from(address: str, account: str, at: int) -> httpx.Response:
        return httpx.post(
            f"{limited[at % 2].url}/password-reset",
            data={"email": account},
            headers={"x-forwarded-for": address},
            timeout=30,
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda at: ask_from(address, account, at), range(10)))
    assert sorted(a.status_code for a in answers) == [303] * LIMIT + [429] * (10 - LIMIT)
    refused = next(a for a in answers if a.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert ask_from(some_address(), account, 0).status_code == 303


# Invitations


def test_who_is_invited_sets_a_password_and_is_signed_in(
    world: World, mailbox: StoredMail, environment: dict[str, str]
) -> None:
    guest = someone()
    output = invite(environment, world, guest, "admin")
    assert guest in output
    [link] = mailbox.links_to(guest)
    assert guest in world.stranger.get(link).text
    for wrong in ("", "nobody has this password", NEW):
        assert sign_in(world, guest, wrong or "x").status_code == 401
    with httpx.Client(base_url=world.url) as browser:
        accepted = browser.post(link, data={"password": NEW})
        assert accepted.status_code == 200
        assert "HttpOnly" in accepted.headers["set-cookie"]
        me = browser.get("/api/auth/me").json()["data"]
    assert me["email"] == guest
    roles = {(m["mode"], m["role"]) for m in me["memberships"]}
    assert roles == {("live", "admin"), ("test", "admin")}
    assert sign_in(world, guest, NEW).status_code == 200
    assert world.stranger.post(link, data={"password": "another one"}).status_code == 404


def test_an_invitation_never_touches_a_password_that_there_is(
    new_world: Callable[[], World], mailbox: StoredMail, environment: dict[str, str]
) -> None:
    host, guest_world = new_world(), new_world()
    guest = guest_world.setup.admin_email
    assert "was known here" in invite(environment, host, guest)
    [link] = mailbox.links_to(guest)
    assert "sign in with it" in host.stranger.get(link).text
    answer = host.stranger.post(link, data={"password": NEW})
    assert "set-cookie" not in answer.headers
    assert sign_in(host, guest, NEW).status_code == 401
    signed_in = sign_in(host, guest, guest_world.password)
    assert len(signed_in.json()["data"]["memberships"]) == 4


def test_an_invitation_works_for_seven_days(
    world: World, mailbox: StoredMail, environment: dict[str, str]
) -> None:
    guest = someone()
    invite(environment, world, guest)
    [link] = mailbox.links_to(guest)
    move = (
        "UPDATE account_links l SET expires_at = l.expires_at - make_interval(hours => $2) "
        "FROM users u WHERE u.id = l.user_id AND u.email = $1"
    )
    mailbox.rows(move, guest, 7 * 24 - 1)
    assert world.stranger.get(link).status_code == 200
    mailbox.rows(move, guest, 2)
    assert world.stranger.get(link).status_code == 404
    assert world.stranger.post(link, data={"password": NEW}).status_code == 404


def test_an_organizations_name_is_shown_as_text(
    world: World, mailbox: StoredMail, environment: dict[str, str]
) -> None:
    guest = someone()
    name = f"<img src=x> {new_id().hex}"
    assert world.api.patch("/api/v1/organization", json={"name": name}).status_code == 200
    invite(environment, world, guest)
    [link] = mailbox.links_to(guest)
    page = world.stranger.get(link).text
    assert "<img" not in page
    assert "&lt;img" in page
    assert "<bdi>" not in page.partition("</title>")[0]


def test_a_link_opens_nothing_of_another_kind(
    world: World, mailbox: StoredMail, environment: dict[str, str]
) -> None:
    ask(world, world.setup.admin_email)
    [link] = mailbox.links_to(world.setup.admin_email)
    turned = link.replace("password-reset", "invitations")
    assert world.stranger.post(turned, data={"password": NEW}).status_code == 404
    guest = someone()
    invite(environment, world, guest)
    [invitation] = mailbox.links_to(guest)
    turned = invitation.replace("invitations", "password-reset")
    assert world.stranger.post(turned, data={"password": NEW}).status_code == 404
