"""What the user is mailed in this organization, and the user's time zone."""

from typing import Any, Final

from kalends.domain.errors import KalendsError
from kalends.domain.notifications import NotifiedUser
from kalends.domain.rights import Right
from kalends.formats.encoding import encode
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.users import accounts, notifications
from kalends.services.users.accounts import AccountChanges
from kalends.services.users.notifications import NotificationChanges
from kalends.web.api.models import check_zone
from kalends.web.api.notifications import parse_notifications
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.typed import YES, clock_text, text_or_none
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.forms import FormFields

PATH: Final = "/notifications"
CHOICES: Final = ("requested", "confirmed", "rescheduled", "cancelled", "reassigned")


async def show(request: ConsoleRequest) -> PageAnswer:
    user = await request.read(notifications.get_notifications, request.user_id)
    return await _page(request, _draft_of(user, request.account.user.timezone))


async def save(request: ConsoleRequest) -> PageAnswer:
    typed = await request.form()
    try:
        changes, zone = _read(typed), _zone_in(typed)
        await request.change(_change, request, changes, zone)
    except KalendsError as error:
        return await _page(request, Draft.with_faults(typed, error))
    return request.go(PATH, done="saved")


async def _change(
    work: UnitOfWork, request: ConsoleRequest, changes: NotificationChanges, zone: str | None
) -> None:
    """Changes the time zone first, because the agenda's time is in it."""
    if zone != request.account.user.timezone:
        await accounts.update_account(work, request.user_id, AccountChanges(timezone=zone))
    before = await notifications.lock_notifications(work, request.user_id, None)
    await notifications.update_notifications(work, before, changes)


def _read(typed: FormFields) -> NotificationChanges:
    """Raises Invalid."""
    body: dict[str, Any] = {name: typed.text(name) == YES for name in CHOICES}
    body |= {"agenda_at": text_or_none(clock_text(typed.text("agenda_at")))}
    check(body, parse_notifications)
    return parse_notifications(encode(body))


def _zone_in(typed: FormFields) -> str | None:
    """Raises Invalid."""
    name = text_or_none(typed.text("timezone"))
    if name is not None:
        check_zone("timezone", name)
    return name


def _draft_of(user: NotifiedUser, zone: str | None) -> Draft:
    n = user.notifications
    chosen = {name: YES if getattr(n, name) else "" for name in CHOICES}
    at = n.agenda_at.strftime("%H:%M") if n.agenda_at else ""
    return Draft.of_values({**chosen, "agenda_at": at, "timezone": zone or ""})


async def _page(request: ConsoleRequest, draft: Draft) -> PageAnswer:
    user = await request.read(notifications.get_notifications, request.user_id)
    own = [a for a in request.organization.notify_emails if a.lower() == user.email.lower()]
    return request.page(
        "console/settings/notifications.html",
        "",
        draft.status,
        path=PATH,
        email=user.email,
        is_organizations=bool(own),
        zone_now=user.zone,
        **draft.values(),
    )


PAGES: Final = (
    console_route(Right.OWN_ACCOUNT, "GET", PATH, show),
    console_route(Right.OWN_ACCOUNT, "POST", PATH, save),
)
