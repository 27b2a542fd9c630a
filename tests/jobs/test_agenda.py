"""Whose turn it is, by what this process knows is due."""

from kalends.domain.ids import new_id
from kalends.jobs.agenda import DueOrganization, DueOrganizations

ONE, OTHER = new_id(), new_id()


def test_the_earliest_comes_first() -> None:
    agenda = DueOrganizations()
    agenda.put(ONE, 2.0)
    agenda.put(OTHER, 1.0)
    assert agenda.first(lambda _: False) == DueOrganization(1.0, OTHER)


def test_an_organization_is_there_at_its_earliest_moment_alone() -> None:
    agenda = DueOrganizations()
    for at in (3.0, 1.0, 2.0):
        agenda.put(ONE, at)
    assert agenda.first(lambda _: False) == DueOrganization(1.0, ONE)
    agenda.remove(ONE)
    assert agenda.first(lambda _: False) is None


def test_who_is_passed_over_stays() -> None:
    agenda = DueOrganizations()
    agenda.put(ONE, 1.0)
    agenda.put(OTHER, 2.0)
    assert agenda.first(lambda organization_id: organization_id == ONE) == DueOrganization(
        2.0, OTHER
    )
    assert agenda.first(lambda _: False) == DueOrganization(1.0, ONE)


def test_what_is_put_and_removed_for_long_takes_no_room() -> None:
    agenda = DueOrganizations()
    for number in range(1000):
        agenda.put(ONE, 1000.0 + number)
        agenda.remove(ONE)
    assert len(agenda._entries) < 200
