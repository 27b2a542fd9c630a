"""How an event type is shared: link, QR code, code for a site; and its copy."""

import html
import io
import re
from xml.etree import ElementTree

import pytest
import segno
from PIL import Image

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.formats.qr_codes import MODULE_PIXELS, QUIET_ZONE, qr_png, qr_svg
from tests.conftest import run
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in
from tests.web.pages.settings.test_event_type_pages import EVERYTHING, id_in, path_of, stored
from tests.web.pages.visitors import offered, text_of
from tests.world import World


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world)


def test_its_link_stands_there_to_be_copied(world: World, clerk: Clerk) -> None:
    path, event_type = offered(world)
    page = clerk.open(path_of(event_type, "/share"))
    assert f'value="{world.url}{path}"' in page.text
    assert f'src="{clerk.root}{path_of(event_type, "/share/qr.svg")}"' in page.text


def test_a_name_stays_text_in_the_code_for_a_site(world: World, clerk: Clerk) -> None:
    path, event_type = offered(world, name='"><script>alert(1)</script>')
    page = clerk.open(path_of(event_type, "/share"))
    codes = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)
    assert len(codes) == 2
    for code in map(html.unescape, codes):
        assert code.startswith(f'<script src="{world.url}/embed.js" async></script>\n')
        assert f'"{path}"' in code
        assert code.count("<script") == 1
        assert "&lt;script&gt;" in code


def test_the_qr_code_is_a_drawing_of_the_address(world: World, clerk: Clerk) -> None:
    path, event_type = offered(world)
    answer = clerk.open(path_of(event_type, "/share/qr.svg"))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content == qr_svg(world.url + path)
    assert "script" not in answer.text


def test_the_qr_code_comes_in_pixels_too(world: World, clerk: Clerk) -> None:
    path, event_type = offered(world)
    link = path_of(event_type, "/share/qr.png")
    assert f'href="{clerk.root}{link}" download' in clerk.open(path_of(event_type, "/share")).text
    answer = clerk.open(link)
    assert answer.headers["content-type"] == "image/png"
    modules = segno.make_qr(world.url + path, error="m").symbol_size(border=QUIET_ZONE)[0]
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (modules * MODULE_PIXELS, modules * MODULE_PIXELS)
    assert answer.content == qr_png(world.url + path)


def test_a_qr_code_keeps_four_modules_of_white_around_it() -> None:
    text = "https://book.example.com/acme/consultation"
    drawing = ElementTree.fromstring(qr_svg(text))
    modules = segno.make_qr(text, error="m").symbol_size(border=0)[0]
    assert drawing.get("viewBox") == f"0 0 {modules + 8} {modules + 8}"


def test_a_closed_one_says_why_its_link_leads_nowhere(world: World, clerk: Clerk) -> None:
    event_type = world.create_event_type(is_active=False)
    page = clerk.open(path_of(event_type, "/share"))
    assert "its page is not there" in text_of(page)
    assert "/embed.js&#34;" in page.text
    assert "set-preview" not in page.text


def test_a_copy_has_all_rules_and_is_closed(world: World, clerk: Clerk) -> None:
    schedule = world.create_schedule()["id"]
    original = world.create_event_type(**{**EVERYTHING, "schedule_id": schedule, "position": 4})
    done = clerk.submit(path_of(original, "/duplicate"), page=path_of(original))
    assert "The copy is there" in text_of(clerk.follow(done))
    copy = stored(world, id_in(done))
    own = {"id", "name", "slug", "is_active", "position", "created_at", "updated_at"}
    assert {k: v for k, v in copy.items() if k not in own} == {
        k: v for k, v in original.items() if k not in own
    }
    assert copy["name"] == f"Copy of {original['name']}"
    assert (copy["slug"], copy["is_active"]) == ("copy-of-fitting-b-amp-more-b", False)
    assert copy["position"] is None


def test_a_copy_of_a_long_name_has_a_name_that_fits(world: World, clerk: Clerk) -> None:
    original = world.create_event_type(name="N" * 200)
    for number in ("", "-2"):
        done = clerk.submit(path_of(original, "/duplicate"), page=path_of(original))
        copy = stored(world, id_in(done))
        assert copy["name"] == ("Copy of " + "N" * 200)[:200]
        assert copy["slug"].endswith(f"n{number}")


def test_what_fits_no_longer_hinders_no_copy(
    world: World, home: Installation, clerk: Clerk
) -> None:
    """Questions of a server without translations, and a call that nobody makes any more."""
    own = {"name": "A", "questions": {"why": {"label": "Warum?"}}}
    fields = {"questions": [{"key": "why", "label": "Why?"}], "translations": {"de": own}}
    original = world.create_event_type(**fields)
    changes = f"questions = '[]', video = 'zoom' WHERE slug = '{original['slug']}'"
    organization = world.setup.organization_id
    run(home, f"UPDATE event_types SET {changes} AND organization_id = '{organization}'")
    copy = stored(world, id_in(clerk.submit(path_of(original, "/duplicate"), path_of(original))))
    assert copy["translations"]["de"] == {"name": "A", "description": None, "questions": {}}
    assert copy["video"] == "zoom"


def test_members_share_and_copy_nothing(home: Installation, world: World) -> None:
    _, event_type = offered(world)
    member = clerk_of(home, world, Role.MEMBER)
    page = member.open(path_of(event_type, "/share"))
    assert page.status_code == 200
    assert "Duplicate" not in text_of(page)
    token = fields_in(page, "/console/sign-out")["form_token"]
    form = {"form_token": token}
    answer = member.post(member.root + path_of(event_type, "/duplicate"), data=form)
    assert answer.status_code == 403
    staff = clerk_of(home, world, Role.STAFF)
    assert staff.open(path_of(event_type, "/share")).status_code == 404
