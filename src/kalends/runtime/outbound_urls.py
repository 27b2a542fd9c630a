"""URLs that users have Kalends call."""

from kalends.domain.errors import Invalid
from kalends.runtime.unit_of_work import Context


async def check_outbound_url(context: Context, field: str, url: str) -> None:
    """Raises Invalid for a URL that may not be called. This uses the network, so it runs before any
    transaction."""
    fault = await context.gateways.http.find_fault(url)
    if fault is not None:
        raise Invalid.field(field, fault)
