"""`kalends mail`: an organization's mailbox."""

from typing import Annotated, Final

import typer

from kalends.cli.options import UsageError
from kalends.cli.running import open_installation, run
from kalends.domain.access import Organization
from kalends.domain.ids import BOOKING, MAIL, decode_id, encode_id
from kalends.domain.mail import Mail
from kalends.formats.mails.messages import message_as_text
from kalends.runtime.unit_of_work import Caller, Context, read
from kalends.services import mails, setup

OPERATOR: Final = "operator"
MOST_LISTED_MAILS: Final = 500
NOT_WRITTEN: Final = "It is not written yet, or its text was forgotten."

mail = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="An organization's mailbox: what was sent, or kept.",
)
OneOrganization = Annotated[
    str | None,
    typer.Option("--organization", help="Its id (org_…), slug or name, if there are several."),
]


@mail.callback()
def list_mail(
    command: typer.Context,
    organization: OneOrganization = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=MOST_LISTED_MAILS)] = 50,
    booking: Annotated[str | None, typer.Option(help="Only about this one (bk_…).")] = None,
) -> None:
    """Lists the mail of an organization, the latest first."""
    if command.invoked_subcommand is not None:
        return
    booking_id = None if booking is None else decode_id(BOOKING, booking)
    if booking is not None and booking_id is None:
        raise UsageError("--booking takes the id of a booking (bk_…).")

    async def listed(context: Context) -> tuple[list[Mail], int]:
        caller = await _caller(context, organization)
        return await read(context, caller, mails.list_mails, booking_id, limit, 0)

    with open_installation() as home:
        page, total = run(home, listed)
    for one in page:
        typer.echo(_line_of(one))
    typer.echo(f"{len(page)} of {total}")


@mail.command("show")
def show_mail(
    mail_id: Annotated[str, typer.Argument(help="The id that `mail` shows (mail_…).")],
    organization: OneOrganization = None,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it is sent, alone.")] = False,
) -> None:
    """Shows one mail: its headers and its text."""
    id_ = decode_id(MAIL, mail_id)
    if id_ is None:
        raise UsageError("The id of a mail looks like mail_0352lF5NnllfIJ66lPpfc3.")

    async def read_message(context: Context) -> tuple[Mail, bytes | None]:
        caller = await _caller(context, organization)
        return await read(context, caller, mails.get_message, id_)

    with open_installation() as home:
        one, message = run(home, read_message)
    if raw:
        _write_raw(message)
        return
    typer.echo(_line_of(one))
    typer.echo(NOT_WRITTEN if message is None else "\n" + message_as_text(message))


def _write_raw(message: bytes | None) -> None:
    """Writes the message to standard output, byte for byte, and nothing else."""
    if message is None:
        typer.echo(NOT_WRITTEN, err=True)
        raise typer.Exit(1)
    typer.echo(message, nl=False)


async def _caller(context: Context, slug_or_id: str | None) -> Caller:
    organization: Organization = await setup.find_organization(context, slug_or_id)
    return Caller(organization.id, organization.mode, OPERATOR, source=OPERATOR)


def _line_of(one: Mail) -> str:
    because = f" ({one.error})" if one.error else ""
    return (
        f"{encode_id(MAIL, one.id)}  {one.created_at:%Y-%m-%d %H:%M:%S}Z  {one.state}{because}  "
        f"{one.kind} to {one.recipient}  {one.subject or '(not written yet)'}"
    )
