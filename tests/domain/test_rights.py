"""The table of rights."""

import pytest

from kalends.domain.access import Role
from kalends.domain.errors import NeedsAdmin, NotFound
from kalends.domain.rights import RIGHTS, Reach, Right, reach_of, refusal_for, scopes_of


@pytest.mark.parametrize("right", Right)
def test_a_right_says_what_every_role_reaches(right: Right) -> None:
    assert set(RIGHTS[right]) == set(Role)


@pytest.mark.parametrize("right", Right)
def test_nobody_reaches_more_than_an_owner(right: Right) -> None:
    breadth = [Reach.NOTHING, Reach.OWN, Reach.ALL].index
    reaches = [breadth(reach) for reach in RIGHTS[right].values()]
    assert max(reaches) == breadth(RIGHTS[right][Role.OWNER])
    assert RIGHTS[right][Role.ADMIN] is RIGHTS[right][Role.OWNER]


def test_staff_reaches_nothing_that_is_not_its_own() -> None:
    assert Reach.ALL not in {RIGHTS[right][Role.STAFF] for right in Right}


def test_an_organization_may_keep_hours_from_its_staff() -> None:
    for role in Role:
        reach = reach_of(role, Right.CHANGE_HOURS, staff_may_edit_hours=False)
        expected = RIGHTS[Right.CHANGE_HOURS][role] if role is not Role.STAFF else Reach.NOTHING
        assert reach is expected
    kept = reach_of(Role.STAFF, Right.CHANGE_BUSY_TIMES, staff_may_edit_hours=False)
    assert kept is Reach.OWN


def test_to_staff_what_it_may_not_is_not_there() -> None:
    assert type(refusal_for(Role.STAFF)) is NotFound
    assert type(refusal_for(Role.MEMBER)) is NeedsAdmin


def test_only_admins_pass_over_rules() -> None:
    assert [role for role in Role if "*" in scopes_of(role)] == [Role.OWNER, Role.ADMIN]
