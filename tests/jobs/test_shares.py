"""How organizations share the places of a process."""

import pytest

from kalends.jobs.shares import share_left

pytestmark = pytest.mark.pure


def test_one_alone_takes_half_of_all() -> None:
    assert share_left(64, 0) == 32
    assert share_left(32, 32) == 0


def test_each_further_one_takes_half_of_what_is_left() -> None:
    free, shares = 64, []
    while share := share_left(free, 0):
        shares.append(share)
        free -= share
    assert (shares, free) == ([32, 16, 8, 4, 2, 1], 1)


def test_what_is_given_back_can_be_taken_again() -> None:
    assert share_left(64 - 10, 10) == 22
