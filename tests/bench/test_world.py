"""The world that is measured: who owns what, and which times are free."""

import pytest
from bench.world import BenchWorld, key_of, organizations_with_webhook

from kalends.domain.access import is_well_formed

pytestmark = pytest.mark.pure

SMALL = BenchWorld(40_000)


def test_one_organization_has_half_of_all_schedules() -> None:
    owners = [SMALL.organization_of(schedule) for schedule in range(SMALL.schedules)]
    assert owners.count(0) == SMALL.schedules / 2


def test_ordinary_organizations_have_fifty_schedules_each() -> None:
    owners = [SMALL.organization_of(schedule) for schedule in range(SMALL.schedules)]
    ordinary = range(1, SMALL.ordinary_organizations + 1)
    assert [owners.count(number) for number in ordinary] == [50, 50]


@pytest.mark.parametrize("has_webhook", [True, False])
def test_free_times_do_not_come_again(has_webhook: bool) -> None:
    times = {SMALL.free_time(number, has_webhook=has_webhook) for number in range(20_000)}
    assert len(times) == 20_000


@pytest.mark.parametrize("has_webhook", [True, False])
def test_free_times_are_of_organizations_with_a_webhook_or_without(has_webhook: bool) -> None:
    times = [SMALL.free_time(number, has_webhook=has_webhook) for number in range(1_000)]
    owners = {SMALL.organization_of(time.schedule) for time in times}
    with_webhook = set(organizations_with_webhook(SMALL))
    ordinary = set(range(1, SMALL.ordinary_organizations + 1))
    assert owners == (with_webhook if has_webhook else ordinary - with_webhook)


def test_keys_are_well_formed() -> None:
    assert is_well_formed(key_of(0))
    assert is_well_formed(key_of(1234))


def test_a_world_has_whole_organizations() -> None:
    with pytest.raises(SystemExit):
        BenchWorld(50_000)
