"""`/connect`: the page on which somebody connects an account by consent, and the callback that the
provider redirects to.

Only the browser that first opened the page can change anything, as it has a cookie.
"""

from typing import Final
from urllib.parse import urlencode, urlsplit

from kalends.domain import ids
from kalends.domain.errors import NotFound
from kalends.services.calendars.accounts import consents
from kalends.services.calendars.accounts.consents import (
    ConsentAnswer,
    ConsentStatus,
    FinishedConsent,
)
from kalends.translation import gettext, gettext_lazy
from kalends.web.pages.answers import Headers, PageAnswer
from kalends.web.pages.labels import CALENDAR_PROVIDERS, Labels
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import open_route

COOKIE: Final = "kalends_connect"
# Microsoft's codes have some 1,500 characters.
LONGEST_CODE: Final = 6_000
TITLES: Final[Labels] = {
    ConsentStatus.CONNECTED: gettext_lazy("The calendars are connected"),
    ConsentStatus.DENIED: gettext_lazy("Nothing was connected"),
    ConsentStatus.NEEDS_ADMIN: gettext_lazy("An administrator has to allow it"),
    ConsentStatus.INCOMPLETE: gettext_lazy("A box was left unticked"),
    ConsentStatus.FAILED: gettext_lazy("It did not work"),
}
TEXTS: Final[Labels] = {
    ConsentStatus.CONNECTED: gettext_lazy("They are read now. You can close this window."),
    ConsentStatus.DENIED: gettext_lazy("You said no, or closed the page. You can begin again."),
    ConsentStatus.NEEDS_ADMIN: gettext_lazy(
        "In the organization of this account only an administrator may consent. Ask one to allow "
        "this application, then begin again."
    ),
    ConsentStatus.INCOMPLETE: gettext_lazy(
        "Without it nothing can be connected. Please begin again, and tick:"
    ),
    ConsentStatus.FAILED: gettext_lazy("Please begin again."),
}
# For providers that grant all scopes together, or none.
UNGRANTED: Final = (
    gettext_lazy("Something was not granted"),
    gettext_lazy("Without it nothing can be connected. Please begin again, and allow:"),
)


async def show_consent(request: PageRequest) -> PageAnswer:
    """Shows who asks for what. The next step is a link, because our Content-Security-Policy lets no
    form redirect to another site."""
    try:
        opened = await consents.open_consent(
            request.context, request.path("token"), request.cookie(COOKIE)
        )
    except NotFound:
        return _over(request)
    request.read_by(of_organization=opened.organization.locale)
    return request.page(
        "public/connect.html",
        headers=(*_cookie(request, opened.cookie), NOT_STORED),
        organization=opened.organization,
        provider=CALENDAR_PROVIDERS[opened.provider],
        scopes=opened.scopes,
        has_boxes=opened.has_boxes,
        host=opened.host,
        consent_url=opened.url,
    )


async def take_answer(request: PageRequest) -> PageAnswer:
    """The callback, to which the provider redirects with a code or with a refusal."""
    query = request.query
    code = query.get("code", "") if "error" not in query else ""
    try:
        finished = await consents.finish_consent(
            request.context,
            query.get("state", ""),
            request.cookie(COOKIE),
            ConsentAnswer(
                code if 0 < len(code) <= LONGEST_CODE else None,
                query.get("error", ""),
                query.get("error_description", ""),
            ),
        )
    except NotFound:
        return _over(request)
    request.read_by(of_organization=finished.organization.locale)
    if finished.return_url is not None:
        return _back(finished, finished.return_url)
    title, text = TITLES[finished.status], TEXTS[finished.status]
    if finished.status is ConsentStatus.INCOMPLETE and not finished.has_boxes:
        title, text = UNGRANTED
    return request.page(
        "public/connected.html",
        headers=(NOT_STORED,),
        organization=finished.organization,
        title=title,
        text=text,
        has_boxes=finished.has_boxes,
        reason=finished.reason,
        lacking=finished.lacking,
        is_connected=finished.status is ConsentStatus.CONNECTED,
    )


def _back(finished: FinishedConsent, url: str) -> PageAnswer:
    """Redirects to the URL that was checked when the consent was requested."""
    said = {"status": finished.status.value}
    if finished.connection_id is not None:
        said["connection_id"] = ids.encode_id(ids.CALENDAR_CONNECTION, finished.connection_id)
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(said))))
    return PageAnswer(
        status=303,
        media_type="",
        headers=(("location", parts._replace(query=query).geturl()), NOT_STORED),
    )


def _over(request: PageRequest) -> PageAnswer:
    text = gettext(
        "It has been used, has expired, or was opened in another browser. Please begin again."
    )
    return request.page(
        "accounts/message.html",
        404,
        title=gettext("This link no longer works"),
        texts=[text],
        button=None,
    )


def _cookie(request: PageRequest, value: str) -> Headers:
    """The header of the cookie. It is `Lax`, as the provider redirects back from another site."""
    parts = [
        f"{COOKIE}={value}",
        f"Path={consents.PAGE}",
        f"Max-Age={int(consents.CONSENT_LASTS.total_seconds())}",
        "HttpOnly",
        "SameSite=Lax",
    ]
    if request.origin.lower().startswith("https:"):
        parts.append("Secure")
    return (("set-cookie", "; ".join(parts)),)


NOT_STORED: Final = ("cache-control", "no-store")

PAGES: Final = (
    # Before the page with a token in its path, which would match too.
    open_route("GET", consents.CALLBACK, take_answer),
    open_route("GET", f"{consents.PAGE}/{{token}}", show_consent, is_secret=True),
)
