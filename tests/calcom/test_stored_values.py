"""What imports have stored is read by any later release: its names and digests stay."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw, json, structs, to_builtins

from kalends.domain.imports.connections import ScheduleMapping
from kalends.domain.imports.merging import claim_id_of_row, with_extras
from kalends.domain.imports.rows import RowOutcome, RowState
from kalends.domain.imports.runs import SkippedRow
from kalends.domain.imports.sources import Walk, WalkOrder
from kalends.gateways.calcom.rows import read_row
from kalends.services.imports.hooks import HookHint
from kalends.services.imports.leases import DueRun
from kalends.store.imports import names
from tests.calcom.test_rules import BASE
from tests.fakes.calcom import samples

ID = UUID(int=7)
NORMAL = samples("normal")[0]
SEATED = {"attendees": [{**NORMAL["attendees"][0], "seatUid": "seat-1", "absent": True}]}


@pytest.mark.parametrize(
    ("changes", "digest"),
    [
        ({}, "c6d4248678292e4f20b097e5592236c5146ec1a26490e256596ed36954239a5b"),
        (SEATED, "55b85ebebd275d136b1cd40bafba1842e39f76ffbff8c52ff23d6ca8bd58ae71"),
        ({"status": "odd"}, "982622db5814d914ac1abfa7d92e870cfb7a7c28684a96a34536a7c363f48f27"),
    ],
)
def test_a_row_keeps_its_digest_over_upgrades(changes: dict[str, Any], digest: str) -> None:
    assert read_row(NORMAL | changes).digest(ID).hex() == digest


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (ScheduleMapping(host_id=5, schedule_id=ID), {"calcom_host_id": 5}),
        (ScheduleMapping(event_type_id=5, schedule_id=ID), {"calcom_event_type_id": 5}),
        (Walk(by=WalkOrder.CREATION, last_uid="a"), {"by": "createdAt", "last_uid": "a"}),
        (Walk(by=WalkOrder.CHANGE, skip=3), {"by": "updatedAt", "skip": 3}),
        (SkippedRow("a", "b"), {"uid": "a", "reason": "b"}),
        (HookHint(ID, "a", 1.5), {"organization_id": str(ID), "uid": "a", "taken_at": 1.5}),
        (DueRun(ID, ID), {"organization_id": str(ID), "run_id": str(ID)}),
    ],
)
def test_a_value_is_stored_under_the_names_it_had(value: Any, stored: dict[str, Any]) -> None:
    assert stored.items() <= to_builtins(value).items()
    assert json.decode(json.encode(value), type=type(value)) == value


def test_fields_of_a_seat_are_stored_under_the_names_they_had() -> None:
    fields = structs.replace(BASE, extras={"id": 1})
    assert to_builtins(fields)["noted"] == {"id": 1}
    assert "extras" not in to_builtins(fields)


def test_stored_words_of_imports_stay() -> None:
    assert [state.value for state in RowState] == [
        "brought",
        "skipped",
        "parked",
        "recorded",
        "gone",
    ]
    assert [outcome.value for outcome in RowOutcome] == ["synced", "unchanged", "skipped"]
    assert (names.PROVIDER, names.RUN_JOB, names.HOOK_JOB) == (
        "calcom",
        "calcom.run",
        "calcom.fetch",
    )
    assert (names.KEY_PURPOSE, names.SECRET_PURPOSE, names.TOKEN_PURPOSE) == (
        "calcom key",
        "calcom webhook secret",
        "calcom hook token",
    )


def test_seats_of_a_row_share_the_claim_that_they_had() -> None:
    assert claim_id_of_row("calcom", "abc") == UUID("36fd9c23-0157-5c27-b174-06908c14d119")


def test_extras_stand_under_the_provider_in_the_metadata() -> None:
    metadata = with_extras(Raw(b'{"own":1}'), "calcom", {"id": 1})
    assert json.decode(metadata) == {"own": 1, "calcom": {"id": 1}}
