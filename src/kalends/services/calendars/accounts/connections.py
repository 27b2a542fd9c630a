"""Connections to accounts with calendars: create, list, get, pause, sign in anew, delete."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import (
    CalendarAccess,
    CalendarLogin,
    Discovery,
    RemoteCalendar,
)
from kalends.domain.calendars.connections import (
    CalendarConnection,
    CalendarReading,
    ConnectedCalendar,
    ProviderName,
)
from kalends.domain.calendars.consent import lacking_words
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentLacks,
    CredentialsRefused,
    NotAllowed,
    Unanswered,
)
from kalends.domain.calendars.states import ConnectionState
from kalends.domain.errors import (
    CalendarCredentialsRefused,
    CalendarUnreachable,
    Detail,
    Invalid,
    KalendsError,
)
from kalends.domain.ids import CALENDAR, CALENDAR_CONNECTION, USER, new_id
from kalends.runtime.calendars.goodbyes import say_goodbye
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require, require_seen
from kalends.services.calendars.accounts.identity import is_same_account
from kalends.services.calendars.accounts.logins import reason_of, seal_login
from kalends.services.calendars.known.shapes import KNOWN_AHEAD
from kalends.services.calendars.queue import COMPARE_EVERY, enqueue_readings
from kalends.store.accounts.members import find_member
from kalends.store.calendars import calendars, connections, events, links, readings
from kalends.store.notifier import CALENDARS_CHANNEL
from kalends.store.outbox.calendar_lanes import poke_lanes, wake_connection

MOST_CONNECTIONS: Final = 500
MOST_CALENDARS: Final = 200
# The calendars of a sandbox's connection, with which a program can try whatever a real one does.
TEST_ACCOUNT: Final = Discovery(
    principal=None,
    homes=(),
    calendars=[
        RemoteCalendar(url="personal", name="Personal", access=CalendarAccess.WRITE),
        RemoteCalendar(url="team", name="Team", access=CalendarAccess.READ),
    ],
)


class NewCalendarConnection(Struct, frozen=True, kw_only=True):
    """A connection as a client requests it, parsed."""

    provider: ProviderName
    login: CalendarLogin
    user_id: UUID | None = None


class ShownConnection(Struct, frozen=True):
    """A connection, the number of its calendars, and what its consent lacks, in the words of the
    provider's own page."""

    connection: CalendarConnection
    calendars_total: int
    lacking: Sequence[str] = ()

    @property
    def reason(self) -> str | None:
        """Why the connection does not work, or not completely, as a sentence."""
        if self.connection.reason is not None or not self.lacking:
            return self.connection.reason
        return reason_of(ConsentLacks("; ".join(self.lacking)))


async def list_connections(
    work: UnitOfWork, *, limit: int, offset: int
) -> tuple[list[ShownConnection], int]:
    """A page in the order of creation, and the total."""
    listed, total = await connections.list_connections(
        work.tenant, work.caller.only_user_id, limit, offset
    )
    return await _with_totals(work, listed), total


async def get_connection(work: UnitOfWork, connection_id: UUID) -> ShownConnection:
    """Raises NotFound."""
    connection = await connections.find_connection(work.tenant, connection_id)
    seen = require_connection(work, connection, connection_id)
    return (await _with_totals(work, [seen]))[0]


async def discover(context: Context, caller: Caller, new: NewCalendarConnection) -> Discovery:
    """What the account has, asked of its server before any transaction, within 20 seconds. A
    sandbox's own account needs no request. Raises Invalid, CalendarCredentialsRefused,
    CalendarUnreachable."""
    check_provider(caller.mode, new.provider)
    if new.provider.asks_consent:
        raise Invalid.field("provider", "needs its owner's consent: POST …/authorize begins it")
    if new.provider is ProviderName.TEST:
        return TEST_ACCOUNT
    account = context.gateways.calendars[new.provider].open_account(new.login)
    found = await account.discover()
    if isinstance(found, Discovery):
        return found
    raise error_of(found)


def error_of(failure: CalendarFailure) -> KalendsError:
    """The failure as an error of the API."""
    sentence = reason_of(failure)
    if isinstance(failure, CredentialsRefused | NotAllowed):
        return CalendarCredentialsRefused(sentence)
    if isinstance(failure, Unanswered):
        return CalendarUnreachable(sentence)
    return Invalid(sentence, [Detail("url", sentence)])


async def create_connection(
    work: UnitOfWork,
    new: NewCalendarConnection,
    found: Discovery,
    scopes: Sequence[str] = (),
) -> ShownConnection:
    """Connects the account that was discovered; its calendars are read at once. A caller who sees
    only own things can connect only an own account. `scopes` are what the consent covers. Raises
    NotFound (the user), Invalid."""
    if work.caller.only_user_id is not None:
        new = structs.replace(new, user_id=work.caller.only_user_id)
    if new.user_id is not None:
        require(await find_member(work.tenant, new.user_id), USER, new.user_id)
    if await connections.count_connections(work.tenant) >= MOST_CONNECTIONS:
        raise Invalid.field("provider", f"there are {MOST_CONNECTIONS} connections already")
    connection = structs.replace(_new_connection(work, new, found), scopes=list(scopes))
    await connections.insert_connection(work.tenant, connection)
    new_calendars = [(new_id(), calendar) for calendar in found.calendars[:MOST_CALENDARS]]
    await calendars.put_calendars(work.tenant, connection.id, new_calendars, work.recorded_at)
    calendar_ids = [calendar_id for calendar_id, _ in new_calendars]
    if new.provider is ProviderName.TEST:
        await _know_as_empty(work, calendar_ids)
    else:
        await enqueue_readings(work, calendar_ids)
    return ShownConnection(connection, len(new_calendars), _lacking(work.context, connection))


async def _know_as_empty(work: UnitOfWork, calendar_ids: Sequence[UUID]) -> None:
    now = work.recorded_at
    empty = CalendarReading(events=[], busy=[], is_whole=True, known_until=now + KNOWN_AHEAD)
    for calendar_id in calendar_ids:
        await events.store_reading(work.tenant, calendar_id, empty, now)
        await readings.release_calendar(work.tenant, calendar_id, now + COMPARE_EVERY, now, None)


def check_provider(mode: Mode, provider: ProviderName) -> None:
    """Raises Invalid for a real provider in a sandbox, which must not reach outside, and for the
    test provider in a live organization."""
    if mode is Mode.TEST and provider is not ProviderName.TEST:
        raise Invalid.field("provider", "must be test in a sandbox, which reaches nobody")
    if mode is Mode.LIVE and provider is ProviderName.TEST:
        raise Invalid.field("provider", "is test, which there is in a sandbox alone")


async def lock_connection(work: UnitOfWork, connection_id: UUID) -> CalendarConnection:
    """The connection, locked until the transaction ends. Raises NotFound."""
    connection = await connections.find_connection_to_change(work.tenant, connection_id)
    return require_connection(work, connection, connection_id)


def require_connection(
    work: UnitOfWork, connection: CalendarConnection | None, connection_id: UUID
) -> CalendarConnection:
    """The connection. Raises NotFound, also for one that the caller does not see."""
    return require_seen(
        connection,
        lambda c: work.caller.sees_what_is_of(c.user_id),
        CALENDAR_CONNECTION,
        connection_id,
    )


async def pause_connection(
    work: UnitOfWork, before: CalendarConnection, is_paused: bool
) -> ShownConnection:
    """Pauses or resumes reading. What is known of the calendars stays."""
    after = before
    if is_paused != (before.state is ConnectionState.PAUSED):
        state = ConnectionState.PAUSED if is_paused else ConnectionState.READING
        after = structs.replace(
            before, state=state, updated_at=work.recorded_at, version=before.version + 1
        )
        await connections.update_connection(work.tenant, after)
        await readings.read_now(work.tenant, after.id, work.recorded_at)
    return (await _with_totals(work, [after]))[0]


async def discover_again(
    context: Context, caller: Caller, shown: ShownConnection, password: str
) -> Discovery:
    """What the account has with a new password, asked before any transaction. Raises Invalid,
    CalendarCredentialsRefused, CalendarUnreachable."""
    connection = shown.connection
    if connection.provider is not ProviderName.CALDAV:
        raise Invalid.field("password", "is for CalDAV; this connection has none")
    login = _login_with(connection, password)
    new = NewCalendarConnection(provider=connection.provider, login=login)
    return await discover(context, caller, new)


async def change_password(
    work: UnitOfWork, connection_id: UUID, password: str, found: Discovery
) -> ShownConnection:
    """Signs in with the new password from now on, reads all calendars, and adds new ones. Raises
    NotFound, and Invalid if `found` is another account: the server says so, or none of the known
    calendars is there."""
    known = await calendars.list_calendars(work.tenant, connection_id)
    before = await lock_connection(work, connection_id)
    is_there = not known or {c.remote_id for c in known} & {c.url for c in found.calendars}
    if not is_there or not is_same_account(before, found):
        raise Invalid.field("password", "signs in to another account; connect that one anew")
    login = structs.replace(_login_with(before, password), homes=found.homes)
    changed = structs.replace(before, sealed=seal_login(work.context.seal, before.id, login))
    return (await _with_totals(work, [await sign_in_anew(work, changed, found)]))[0]


async def sign_in_anew(
    work: UnitOfWork, changed: CalendarConnection, found: Discovery
) -> CalendarConnection:
    """The locked connection with its new credentials: reads all its calendars, adds new ones, and
    drops requests that were queued before."""
    is_paused = changed.state is ConnectionState.PAUSED
    after = structs.replace(
        changed,
        principal=found.principal or changed.principal,
        state=changed.state if is_paused else ConnectionState.READING,
        reason=None,
        generation=changed.generation + 1,
        updated_at=work.recorded_at,
        version=changed.version + 1,
    )
    await connections.update_connection(work.tenant, after)
    new_calendars = [(new_id(), calendar) for calendar in found.calendars[:MOST_CALENDARS]]
    await calendars.add_calendars(work.tenant, after.id, new_calendars, work.recorded_at)
    await enqueue_readings(work, await readings.read_anew(work.tenant, after.id, work.recorded_at))
    return after


def _login_with(connection: CalendarConnection, password: str) -> CalendarLogin:
    """The login of the connection with this password, even if the old one cannot be opened any
    more."""
    return CalendarLogin(
        url=connection.url or "", username=connection.account or "", password=password
    )


async def delete_connection(work: UnitOfWork, connection_id: UUID) -> UUID:
    """Deletes the connection and its calendars at once, with all that was known of them. Events
    that were written stay there. Raises NotFound."""
    await lock_connection(work, connection_id)
    schedule_ids = await calendars.list_schedules_of(work.tenant, connection_id)
    await links.forget_events(work.tenant, connection_id)
    await say_goodbye(work, work.tenant, connection_id)
    await connections.delete_connection(work.tenant, connection_id)
    await calendars.note_reading(work.tenant, schedule_ids)
    return connection_id


async def remove_connection(work: UnitOfWork, connection_id: UUID) -> ShownConnection:
    """Removes the busy time at once, and the connection after the events that were written into its
    calendars have been deleted there, in ten minutes at most. Raises NotFound."""
    before = await lock_connection(work, connection_id)
    schedule_ids = await calendars.list_schedules_of(work.tenant, connection_id)
    after = structs.replace(
        before,
        state=ConnectionState.REMOVING,
        updated_at=work.recorded_at,
        version=before.version + 1,
    )
    await connections.update_connection(work.tenant, after)
    await calendars.delete_uses_of_connection(work.tenant, connection_id)
    await calendars.note_reading(work.tenant, schedule_ids)
    await wake_connection(work.tenant, connection_id)
    places = await links.list_places_of_connection(work.tenant, connection_id)
    await poke_lanes(work.tenant, places, work.recorded_at)
    work.notifications.add(CALENDARS_CHANNEL)
    return (await _with_totals(work, [after]))[0]


async def list_calendars(work: UnitOfWork, connection_id: UUID) -> list[ConnectedCalendar]:
    """The calendars of the connection, by name. Raises NotFound."""
    await get_connection(work, connection_id)
    return await calendars.list_calendars(work.tenant, connection_id)


async def require_calendar(
    work: UnitOfWork, connection_id: UUID, calendar_id: UUID
) -> ConnectedCalendar:
    """Raises NotFound."""
    calendar = await calendars.find_calendar(work.tenant, calendar_id)
    is_its_own = calendar is not None and calendar.connection_id == connection_id
    return require(calendar if is_its_own else None, CALENDAR, calendar_id)


def _new_connection(
    work: UnitOfWork, new: NewCalendarConnection, found: Discovery
) -> CalendarConnection:
    id_, is_test = new_id(), new.provider is ProviderName.TEST
    has_none = is_test or new.provider.asks_consent
    login = structs.replace(new.login, homes=found.homes)
    return CalendarConnection(
        id=id_,
        user_id=new.user_id,
        provider=new.provider,
        account=new.login.username or None,
        url=None if new.provider.reads_files else new.login.url or None,
        principal=found.principal,
        sealed=None if has_none else seal_login(work.context.seal, id_, login),
        state=ConnectionState.ACTIVE if is_test else ConnectionState.READING,
        reason=None,
        created_at=work.recorded_at,
        updated_at=work.recorded_at,
        version=1,
    )


async def _with_totals(
    work: UnitOfWork, listed: Sequence[CalendarConnection]
) -> list[ShownConnection]:
    totals = await calendars.count_calendars(work.tenant, [one.id for one in listed])
    return [
        ShownConnection(one, totals.get(one.id, 0), _lacking(work.context, one)) for one in listed
    ]


def _lacking(context: Context, connection: CalendarConnection) -> list[str]:
    provider = context.gateways.consents.get(connection.provider)
    return lacking_words(provider, connection.scopes)
