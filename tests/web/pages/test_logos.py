"""An organization's logo: given by API and form, shown on pages, in the console and in mail."""

from base64 import b64encode

import httpx
import pytest

from kalends.domain.errors import Invalid
from kalends.web.pages.uploads import read_upload
from tests.pictures import NEEDS_PILLOW, png
from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import Browser, offered, slug_of
from tests.world import JSON, World

LOGO = "/api/v1/organization/logo"


def given(world: World, content: bytes) -> httpx.Response:
    return world.api.put(LOGO, json={"content": b64encode(content).decode()})


def logo(world: World) -> JSON:
    """A logo of the organization, as answers show it."""
    answer = given(world, png(480, 120))
    assert answer.status_code == 200, answer.text
    shown: JSON = answer.json()["data"]["logo"]
    return shown


@NEEDS_PILLOW
def test_a_logo_is_shown_by_an_address_that_is_kept_for_good(world: World) -> None:
    shown = logo(world)
    assert (shown["width"], shown["height"]) == (480, 120)
    assert world.api.get("/api/v1/organization").json()["data"]["logo"] == shown
    with Browser(world.url) as visitor:
        picture = visitor.get(shown["url"])
        assert picture.content.startswith(b"\x89PNG")
        assert picture.headers["content-type"] == "image/png"
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert picture.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "immutable" in picture.headers["cache-control"]
        assert "content-encoding" not in picture.headers


@NEEDS_PILLOW
def test_pages_show_the_logo_lazily(world: World) -> None:
    path, _ = offered(world)
    shown = logo(world)
    tag = f'<img class="logo" src="{shown["url"]}" width="240" height="60"'
    with Browser(world.url) as visitor:
        for page in (f"/{slug_of(world)}", path):
            text = visitor.get(page).text
            assert tag in text
            assert 'loading="lazy"' in text
        assert tag not in visitor.get(path, params={"embed": "1"}).text
    assert shown["url"] in Clerk(world).open("/event-types").text
    assert world.api.delete(LOGO).json()["data"]["logo"] is None
    with Browser(world.url) as visitor:
        assert tag not in visitor.get(path).text


@NEEDS_PILLOW
def test_the_form_takes_a_logo_and_removes_it(world: World) -> None:
    clerk = Clerk(world)
    page = clerk.open("/settings/looks").text
    start = page.index('name="form_token" value="') + len('name="form_token" value="')
    form = {"form_token": page[start : page.index('"', start)]}
    sent = {"logo": ("logo.png", png(90, 30), "image/png")}
    assert (
        "Saved."
        in clerk.follow(clerk.post(f"{clerk.root}/settings/logo", data=form, files=sent)).text
    )
    assert world.api.get("/api/v1/organization").json()["data"]["logo"]["width"] == 90
    bad = {"logo": ("logo.svg", b"<svg/>", "image/svg+xml")}
    refused = clerk.post(f"{clerk.root}/settings/logo", data=form, files=bad)
    assert refused.status_code == 422
    assert "This is no picture that can be used" in refused.text
    forged = clerk.post(f"{clerk.root}/settings/logo", data={"form_token": "x"}, files=sent)
    assert forged.status_code == 403
    clerk.submit("/settings/logo/delete", "/settings/looks")
    assert world.api.get("/api/v1/organization").json()["data"]["logo"] is None


@pytest.mark.parametrize(
    ("content", "status"),
    [("%%%", 422), ("", 422), (b64encode(b"<svg/>").decode(), 422), ("A" * 3_000_000, 413)],
)
def test_what_is_no_picture_is_refused(module_world: World, content: str, status: int) -> None:
    answer = module_world.api.put(LOGO, json={"content": content})
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["details"][0]["field"] == "content"


def test_a_picture_that_is_not_there_is_not_found(module_world: World) -> None:
    owner = module_world.api.get("/api/v1/organization").json()["data"]["id"]
    with Browser(module_world.url) as visitor:
        for name in ("x.png", "0-1x1.png", "x.svg", "%00.png"):
            assert visitor.get(f"/static/pictures/{owner}/{name}").status_code == 404
        assert visitor.get("/static/pictures/org_1/0-1x1.png").status_code == 404


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nno head\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nno name\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 99 + b"--x--"),
        ("application/x-www-form-urlencoded", b"logo=x"),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(content_type: str, raw: bytes) -> None:
    with pytest.raises(Invalid):
        read_upload(content_type, raw)


def test_a_form_with_a_file_is_read_to_the_byte() -> None:
    content = b"\x00\r\n--x\xff\r\n\r\n--"
    raw = (
        b'--y\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        b'--y\r\nContent-Disposition: form-data; name="f"; filename="f.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--y--\r\n"
    )
    upload = read_upload("multipart/form-data; boundary=y", raw)
    assert upload.fields.text("a") == "b"
    assert upload.files == {"f": content}
