"""Calendar findings: showing them, and deciding about one."""

from typing import Any, Final

from kalends.domain import ids
from kalends.domain.calendars.findings import CalendarFinding, Resolution
from kalends.domain.errors import KalendsError
from kalends.domain.rights import Right
from kalends.formats.calendar_words import FINDINGS, RESOLUTIONS
from kalends.services.calendars import findings
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.paging import read_page
from kalends.web.http.call import id_named
from kalends.web.http.errors import status_of
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.refusals import refusal_words

PATH: Final = "/calendar-findings"
LISTED: Final = 50
# The order of the buttons: those that change something come first.
IN_ORDER: Final = (
    Resolution.FOLLOW,
    Resolution.RESTORE,
    Resolution.CANCEL,
    Resolution.DISMISS,
)


async def list_findings(request: ConsoleRequest) -> PageAnswer:
    return await _page(request)


async def resolve(request: ConsoleRequest) -> PageAnswer:
    """Carries out the decision; if the booking cannot be changed so, the page says why."""
    finding_id = id_named(ids.CALENDAR_FINDING, request.path("finding"))
    chosen = (await request.form()).text("resolution")
    resolution = next((one for one in IN_ORDER if one.value == chosen), None)
    try:
        await request.change(findings.decide_finding, finding_id, resolution)
    except KalendsError as error:
        return await _page(request, status_of(error), problem=refusal_words(error))
    return request.go(PATH, done="saved")


async def _page(request: ConsoleRequest, status: int = 200, **more: Any) -> PageAnswer:
    listed, pager = await read_page(request, findings.list_shown, LISTED)
    return request.page(
        "console/findings.html",
        "calendars",
        status,
        found=listed,
        words=FINDINGS,
        choices_of=choices_of,
        path=PATH,
        **more,
        **pager,
    )


def choices_of(finding: CalendarFinding) -> list[tuple[str, str]]:
    """The possible decisions: the value that the form sends, and the text of its button."""
    return [
        (resolution.value, str(RESOLUTIONS[resolution]))
        for resolution in IN_ORDER
        if resolution in finding.choices
    ]


PAGES: Final = (
    console_route(Right.SETTLE_FINDINGS, "GET", PATH, list_findings),
    console_route(Right.SETTLE_FINDINGS, "POST", PATH + "/{finding}", resolve),
)
