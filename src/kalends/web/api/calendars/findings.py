"""`/api/v1/calendar-findings`: list the findings in calendars, and decide about one."""

from functools import partial
from typing import Annotated, Final, Literal

from kalends.domain import ids
from kalends.domain.calendars.findings import Resolution
from kalends.formats.calendar_findings import CalendarFindingBody, show_finding
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.calendars import findings
from kalends.web.api.listing import answer_page
from kalends.web.http.answers import DataOf, data
from kalends.web.http.call import Call
from kalends.web.http.locked_changes import lock_parse_update
from kalends.web.http.reading import read_body
from kalends.web.http.request_models import PageQuery, RequestModel
from kalends.web.http.routes import CALENDAR_SCOPES, Resource, Route


class FindingsQuery(PageQuery, frozen=True):
    state: Annotated[
        Literal["open", "resolved"],
        about(
            "Those that need a decision, or those that were settled within the last three months."
        ),
    ] = "open"


class ResolveFinding(RequestModel, frozen=True):
    resolution: Annotated[
        Resolution,
        about(
            "`follow`: the booking moves as its event did. `restore`: the event is written again "
            "as the booking is. `cancel`: the booking is cancelled. `dismiss`: all stays as it is."
        ),
    ]


async def list_findings(call: Call) -> HttpAnswer:
    """List calendar findings

    What was done to the events of bookings in calendars elsewhere and needs somebody's decision.
    Newest first.
    """
    query = call.query(FindingsQuery)
    use_case = partial(findings.list_findings, is_open=query.state == "open")
    return await answer_page(call, query, use_case, show_finding)


async def resolve_finding(call: Call) -> HttpAnswer:
    """Resolve a calendar finding

    The booking moves or is cancelled as by any other call, with its mails and webhooks. A finding
    that is resolved already stays as it is.
    """
    body = await call.raw_json()
    lock = partial(findings.lock_finding, finding_id=call.id(ids.CALENDAR_FINDING))
    use_case = lock_parse_update(lock, partial(_parse, body), findings.resolve_finding)
    return await call.change(lambda finding: data(show_finding(finding)), use_case)


def _parse(body: bytes) -> Resolution:
    return read_body(body or b"{}", ResolveFinding).resolution


_call = Resource("Calendars", "/api/v1/calendar-findings", CALENDAR_SCOPES)

ROUTES: Final[tuple[Route, ...]] = (
    _call.list(list_findings, CalendarFindingBody, FindingsQuery),
    _call(
        "POST /{id}/resolve",
        resolve_finding,
        {200: DataOf[CalendarFindingBody]},
        body=ResolveFinding,
        errors=("SLOT_TAKEN", "INVALID_STATUS_TRANSITION", "NOT_RESCHEDULABLE"),
    ),
)
