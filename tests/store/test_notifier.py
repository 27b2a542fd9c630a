"""Whom a notification names."""

import json
from uuid import UUID

import pytest

from kalends.domain.ids import new_id
from kalends.store.notifier import MOST_NAMED, named_in, organizations_of


def test_a_notification_names_whose_work_was_committed() -> None:
    organizations = {new_id() for _ in range(MOST_NAMED)}
    payload = named_in(organizations)
    assert len(payload) < 8000
    assert set(organizations_of(payload) or ()) == organizations


@pytest.mark.parametrize("among", [{None}, {None, new_id()}, {new_id() for _ in range(201)}])
def test_a_notification_of_anybody_names_nobody(among: set[UUID | None]) -> None:
    assert organizations_of(named_in(among)) is None


def test_a_notification_of_the_release_before_may_be_for_anybody() -> None:
    assert organizations_of(json.dumps({"channel": "kalends_deliveries"})) is None
