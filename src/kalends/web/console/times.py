"""The time picker of the console, which shows free times as the booking pages do."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import ListedSlots, SlotRange
from kalends.services.slots import list_slots
from kalends.web.console.request import ConsoleRequest
from kalends.web.pages import clock_words
from kalends.web.pages.forms import FormFields
from kalends.web.pages.picker import Bounds, Picker, pick


class PickerParameters:
    """The parameters that all links of the picker keep."""

    def __init__(self, **values: str | None) -> None:
        self._values = {name: value for name, value in values.items() if value}

    def to(self, path: str, **parameters: str | None) -> str:
        filled = {name: value for name, value in parameters.items() if value}
        query = urlencode(self._values | filled)
        return f"{path}?{query}" if query else path

    def fields(self, **more: str | None) -> Mapping[str, str]:
        return self._values | {name: value for name, value in more.items() if value}


async def pick_time(
    request: ConsoleRequest, purpose: SlotPurpose, near: datetime | None = None
) -> Picker:
    """The picker for the month and day in the query, with free times in the organization's zone.
    Without them it opens on the day of `near`, or else on the first day that has free times.

    Raises what listing slots raises.
    """
    now = clock_words.seconds_of(request.page_request.context.clock())

    async def list_times(span: SlotRange) -> ListedSlots:
        page_request = request.page_request
        return await list_slots(page_request.context, page_request.caller, purpose, span)

    bounds, query = Bounds.of(now, request.zone, None), request.query
    if near is not None and not query.get("day") and not query.get("month"):
        query = FormFields([("day", clock_words.local(near, request.zone).date().isoformat())])
    return await pick(list_times, query, request.zone, bounds, request.page_request.locale)
