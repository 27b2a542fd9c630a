"""A new password and an invitation, as somebody with a browser sees them."""

from dataclasses import replace

from playwright.sync_api import expect

from kalends.compose import Installation
from kalends.domain.access import Mode, Role
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller
from kalends.services.users import invitations
from tests.browser.conftest import Violations, Visits
from tests.conftest import in_thread
from tests.homes import BESIDE
from tests.mails import StoredMail
from tests.world import World

NEW = "a brand new password"


def test_who_forgot_the_password_gets_in_again_and_axe_complains_of_nothing(
    world: World, home: Installation, visit: Visits, violations: Violations
) -> None:
    page = visit()
    page.goto("/password-reset")
    problems = violations(page)
    page.get_by_label("E-mail address").fill(world.setup.admin_email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading")).to_have_text("Look into your mail")
    problems += violations(page)
    [link] = StoredMail(home).links_to(world.setup.admin_email)
    page.goto(link)
    problems += violations(page)
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_text("It must have 8 to 200 characters.")).to_be_visible()
    problems += violations(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("heading")).to_have_text("Your password is set")
    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("This link no longer works")
    problems += violations(page)
    assert problems == []


def test_who_is_invited_is_signed_in_by_the_form(
    world: World, home: Installation, visit: Visits, violations: Violations
) -> None:
    guest = f"guest-{world.setup.admin_email}"
    in_thread(invite(home, world, guest))
    [link] = StoredMail(home).links_to(guest)
    page = visit()
    page.goto(link)
    problems = violations(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed in")
    assert problems + violations(page) == []
    assert page.request.get("/api/auth/me").json()["data"]["email"] == guest


async def invite(home: Installation, world: World, guest: str) -> None:
    context = replace(home, served_at=world.url).context(BESIDE)
    caller = Caller(world.setup.organization_id, Mode.LIVE, actor="test")
    await unit_of_work.change(context, caller, invitations.invite_user, guest, Role.MEMBER)
    await context.database.close()
