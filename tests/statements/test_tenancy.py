"""Statements that stay with one organization pass, and the others are found."""

import importlib
import json
import os
import sys
from pathlib import Path

import pytest
from tests.conftest import fetch
from tests.homes import BESIDE
from tests.statements.exceptions import EXCEPTIONS, IN_THE_DATABASE
from tests.statements.run import Statement, list_faults
from tests.statements.site.sitecustomize import FOLDER, callers_of
from tests.statements.tenancy import judge, judge_function

from kalends.compose import Installation
from kalends.store.accounts.organizations import has_organizations

OURS = """
SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
WHERE p.pronamespace = 'public'::regnamespace
"""


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM bookings WHERE organization_id = $1",
        "SELECT 1 FROM bookings WHERE id = $2 AND (organization_id = $1::uuid AND status = 'x')",
        "SELECT 1 FROM bookings WHERE (organization_id, id) = ($1, $2)",
        "SELECT 1 FROM bookings b JOIN events e ON e.organization_id = b.organization_id"
        " WHERE e.organization_id = $1",
        "SELECT 1 FROM bookings JOIN events USING (organization_id, id) WHERE organization_id = $1",
        "SELECT 1 FROM bookings b JOIN organizations o ON o.id = b.organization_id WHERE o.id = $1",
        "SELECT (SELECT count(*) FROM events e WHERE e.organization_id = b.organization_id)"
        " FROM bookings b WHERE b.organization_id = $1",
        "SELECT 1 FROM (SELECT * FROM bookings WHERE organization_id = $1) b"
        " JOIN events e ON e.organization_id = b.organization_id",
        "WITH b AS (SELECT organization_id AS o FROM bookings WHERE organization_id = $1)"
        " SELECT 1 FROM b JOIN events e ON e.organization_id = b.o",
        "SELECT 1 FROM bookings b LEFT JOIN LATERAL (SELECT 1 FROM events e"
        " WHERE e.organization_id = b.organization_id) e ON true WHERE b.organization_id = $1",
        "INSERT INTO events (id, organization_id) VALUES ($2, $1)",
        "INSERT INTO events (organization_id, id) SELECT $1, * FROM unnest($2::uuid[])",
        "UPDATE bookings SET end_time = now() + $2::interval WHERE organization_id = $1",
        "DELETE FROM holds WHERE organization_id = $1 AND ctid = ANY(ARRAY("
        "SELECT ctid FROM holds WHERE organization_id = $1))",
        "DELETE FROM sessions WHERE ctid = ANY(ARRAY(SELECT ctid FROM sessions))",
        "SELECT 1 FROM organizations",
    ],
)
def test_a_statement_of_one_organization_passes(statement: str) -> None:
    assert judge(statement).faults == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM bookings",
        "SELECT 1 FROM bookings WHERE organization_id = $1 OR id = $2",
        "SELECT 1 FROM bookings WHERE organization_id = ANY($1)",
        "SELECT 1 FROM bookings WHERE (organization_id, id) > ($1, $2)",
        "SELECT 1 FROM bookings b, events e WHERE e.organization_id = $1",
        "SELECT 1 FROM bookings b JOIN events e ON e.organization_id = b.organization_id",
        "SELECT EXISTS (SELECT FROM events e WHERE e.organization_id = $1"
        " AND e.organization_id = b.organization_id) FROM bookings b",
        "SELECT 1 FROM bookings WHERE organization_id = $1 UNION SELECT 1 FROM bookings",
        "SELECT 1 FROM bookings WHERE organization_id = $1"
        " AND id IN (SELECT booking_id FROM occupancies)",
        "WITH b AS (SELECT organization_id FROM bookings) SELECT 1 FROM b JOIN events"
        " USING (organization_id)",
        "WITH events AS (DELETE FROM holds) SELECT 1 FROM events",
        "INSERT INTO events (id) VALUES ($1)",
        "INSERT INTO events VALUES ($1)",
        "INSERT INTO events (organization_id) SELECT * FROM unnest($1::uuid[])",
        "INSERT INTO events (organization_id) VALUES ($1), (DEFAULT)",
        "UPDATE bookings SET status = 'x' WHERE id = $1",
        "UPDATE bookings SET status = 'x' FROM events e WHERE e.organization_id = $1",
        "DELETE FROM holds USING bookings b WHERE b.organization_id = $1",
        "UPDATE reminders SET remind_at = $2 + make_interval(mins => minutes_before)"
        " WHERE organization_id = $1",
        "UPDATE channel_health SET resume_at = now() + $2::interval * failures",
        "WITH gone AS (DELETE FROM holds WHERE organization_id = $1 RETURNING id)"
        " INSERT INTO events (organization_id, id) SELECT $1, id FROM gone",
        "SELECT 1 FROM mails WHERE organization_id = $1 AND EXISTS (SELECT FROM pgqueuer)",
    ],
)
def test_a_statement_beyond_one_organization_is_found(statement: str) -> None:
    assert judge(statement).scattered


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM holds WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM holds WHERE organization_id = $1))",
        "SELECT h.ctid FROM holds h JOIN events e ON e.organization_id = $1",
        "DELETE FROM users WHERE ctid = ANY(ARRAY(SELECT ctid FROM users LIMIT 1))",
    ],
)
def test_no_reason_excuses_a_ctid_of_several_nodes(statement: str) -> None:
    excused = Statement(statement, [next(iter(EXCEPTIONS))])
    assert list_faults([excused])


def test_a_statement_with_a_reason_is_excused() -> None:
    statement = "SELECT 1 FROM bookings"
    assert list_faults([Statement(statement, ["store.bookings.bookings.list_bookings"])])
    assert not list_faults([Statement(statement, ["store.x.y", next(iter(EXCEPTIONS))])])


@pytest.mark.parametrize("caller", EXCEPTIONS)
def test_each_exception_is_a_function_that_there_is(caller: str) -> None:
    module, _, function = caller.rpartition(".")
    assert callable(getattr(importlib.import_module(f"kalends.{module}"), function))


def test_functions_of_the_database_stay_with_one_organization(home: Installation) -> None:
    faults = {
        name: judge_function(definition).faults
        for name, definition in fetch(home, OURS)
        if name not in IN_THE_DATABASE
    }
    assert not {name: wrong for name, wrong in faults.items() if wrong}
    assert len(faults) > 3


def test_what_a_test_sends_itself_is_not_noted() -> None:
    assert callers_of(sys._getframe()) == []


async def test_what_kalends_sends_is_noted_with_its_functions(home: Installation) -> None:
    context = home.context(BESIDE)
    async with context.database.connection() as tx:
        await has_organizations(tx)
    await context.database.close()
    folder = Path(os.environ[FOLDER])
    noted = [json.loads(file.read_text()) for file in folder.iterdir() if not file.suffix]
    asked = [one for one in noted if "EXISTS (SELECT FROM organizations)" in one["text"]]
    assert asked[0]["callers"][0] == "store.accounts.organizations.has_organizations"
