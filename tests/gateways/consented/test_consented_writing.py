"""Events of ours in accounts that were consented to: changed and deleted as long as they are as we
know them."""

import pytest

from kalends.domain.calendars.failures import ObjectGone
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from tests.gateways.consented.accounts import Side
from tests.gateways.consented.writings import DATA, LATER, UID, write

pytestmark = pytest.mark.server


async def written(side: Side) -> ObjectWritten:
    return await write(side.account, side.calendar_id, side.account.href_of(side.calendar_id, UID))


def changed_there(side: Side, href: str) -> None:
    side.there.put({**side.fake.calendar().events[href], "location": {"displayName": "Mine"}})


@pytest.mark.parametrize("version", ["known", ANY_VERSION])
async def test_a_deleted_event_is_not_changed(side: Side, version: str) -> None:
    made = await written(side)
    side.there.remove(made.href)
    etag = made.etag if version == "known" else version
    came = await side.account.write_object(side.calendar_id, made.href, DATA, etag)
    assert isinstance(came, ObjectGone)


async def test_a_change_of_another_version_is_a_conflict(side: Side) -> None:
    made = await written(side)
    changed_there(side, made.href)
    came = await side.account.write_object(side.calendar_id, made.href, LATER, made.etag)
    assert isinstance(came, Conflict)
    assert came.is_ours
    (event,) = side.there.live()
    assert event["location"] == {"displayName": "Mine"}


async def test_an_event_that_changed_is_not_deleted(side: Side) -> None:
    made = await written(side)
    changed_there(side, made.href)
    came = await side.account.delete_object(side.calendar_id, made.href, made.etag)
    assert isinstance(came, Conflict)
    assert came.is_ours


async def test_what_is_deleted_is_deleted_once(side: Side) -> None:
    made = await written(side)
    delete = side.account.delete_object
    for etag in (made.etag, made.etag, None):
        assert isinstance(await delete(side.calendar_id, made.href, etag), ObjectDeleted)
    assert isinstance(await delete(side.calendar_id, "never1"), ObjectDeleted)
    assert side.there.live() == []
