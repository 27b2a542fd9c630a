"""No organization is called like a path of ours."""

import pytest

from kalends.compose import Installation
from kalends.domain.slugs import RESERVED, is_reserved, slug_of
from kalends.services.setup import set_up_organization
from kalends.web.app import PAGES, ROUTES
from tests.conftest import PASSWORD, _contexts, in_thread, make_organization
from tests.world import World


def test_the_first_part_of_each_of_our_paths_is_reserved() -> None:
    paths = [*(page.path for page in PAGES), *(route.path for route in ROUTES)]
    firsts = {path.split("/")[1].partition(".")[0] for path in paths}
    firsts |= {"docs", "healthz", "readyz", "metrics", "openapi"}
    ours = {first for first in firsts if first and not first.startswith("{")}
    assert ours <= RESERVED


@pytest.mark.parametrize("slug", ["api", "console", "password-reset", "static", "booking"])
def test_an_organization_cannot_take_a_path_of_ours(world: World, slug: str) -> None:
    answer = world.api.patch("/api/v1/organization", json={"slug": slug})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "slug")


def test_an_organization_named_like_our_path_gets_another_slug(
    home: Installation, world: World
) -> None:
    make_organization(home)
    _, context = _contexts[id(home)]
    made = in_thread(set_up_organization(context, "Console", "c@example.test", PASSWORD))
    answer = world.with_key(made.api_key or "").get("/api/v1/organization")
    assert is_reserved(slug_of("Console"))
    assert answer.json()["data"]["slug"].startswith("console-")


def test_a_slug_keeps_the_letters_of_a_name_without_their_accents() -> None:
    assert slug_of("Praxis Müller & Söhne") == "praxis-muller-sohne"
    assert slug_of("日本") == "organization"
