"""Video calls: the accounts that make the links to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from kalends.domain.errors import KalendsError
from kalends.domain.rights import Right
from kalends.domain.video_accounts import VideoAccounts
from kalends.formats.encoding import encode
from kalends.services.video import accounts
from kalends.services.video.accounts import NewVideoAccounts, version_of
from kalends.translation import gettext
from kalends.web.api.video import PutVideo, parse_put
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.one_time_secret import go_with_secret, page_with_secret
from kalends.web.console.settings.forms.seen import VERSION_FIELD, if_match_of
from kalends.web.console.settings.forms.typed import text_or_none
from kalends.web.http.locked_changes import lock_update
from kalends.web.http.reading import read_body
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

SECTION: Final = "video"
PATH: Final = "/settings/video"
ZOOM: Final = ("account_id", "client_id", "client_secret", "user")


async def show(request: ConsoleRequest) -> PageAnswer:
    return await _page(request, _draft_of(await request.read(accounts.get_video_accounts)))


async def save(request: ConsoleRequest) -> PageAnswer:
    """Saves the accounts; the secret of a new hook is shown once."""
    typed = await request.form()
    stored = await request.read(accounts.get_video_accounts)
    lock = partial(accounts.lock_video_accounts, if_match=if_match_of(typed))
    try:
        new = _read(typed)
        if new.hook_url is not None:
            await accounts.check_hook(request.page_request.context, new.hook_url)
        put = await request.change(lock_update(lock, accounts.put_video_accounts, new))
    except KalendsError as error:
        draft = Draft.with_faults(typed, error, version_of(stored))
        return await _page(request, draft)
    if put.hook_secret is not None:
        return go_with_secret(request, PATH, put.hook_secret, "saved")
    return request.go(PATH, done="saved")


def _read(typed: FormFields) -> NewVideoAccounts:
    """The accounts; one that is left empty is removed. Raises Invalid."""
    zoom = {name: text_or_none(typed.text(f"zoom.{name}")) for name in ZOOM}
    url = text_or_none(typed.text("hook.url"))
    given = {name: value for name, value in zoom.items() if value is not None}
    values: Mapping[str, Any] = {"zoom": given or None, "hook": url and {"url": url}}
    check(values, _parse)
    return _parse(encode(values))


def _parse(body: bytes) -> NewVideoAccounts:
    return parse_put(read_body(body, PutVideo))


def _draft_of(stored: VideoAccounts | None) -> Draft:
    if stored is None:
        return Draft.of_values({VERSION_FIELD: "0"})
    user = stored.zoom_user or ""
    return Draft.of_values(
        {
            "zoom.account_id": stored.zoom_account_id or "",
            "zoom.client_id": stored.zoom_client_id or "",
            "zoom.user": "" if user == "me" else user,
            "hook.url": stored.hook_url or "",
            VERSION_FIELD: str(stored.version),
        }
    )


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    stored = await request.read(accounts.get_video_accounts)
    lead = gettext(
        "Which accounts make the links to calls. Google Meet and Microsoft Teams need none: their "
        "links come with the calendar that a schedule writes its bookings into."
    )
    has_zoom = stored is not None and stored.has_zoom
    has_jitsi = request.page_request.context.gateways.jitsi_url is not None
    template, shown = "console/settings/video.html", {"has_zoom": has_zoom, "has_jitsi": has_jitsi}
    return page_with_secret(request, template, SECTION, PATH, draft, lead=lead, **shown)


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", PATH, show),
    console_route(Right.CHANGE_SETTINGS, "POST", PATH, save),
)
