"""`kalends init`, `kalends keys` and `kalends users`."""

from typing import Annotated

import typer
from msgspec import json

from kalends.cli.options import Json, OrganizationNamed, UsageError, parse_email, parse_name
from kalends.cli.running import open_installation, run
from kalends.domain.access import Role
from kalends.domain.ids import API_KEY, ORGANIZATION, encode_id
from kalends.domain.scopes import Scope
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context
from kalends.services import setup
from kalends.services.setup import MadeOrganization
from kalends.services.users import invitations


def initialize(
    organization: Annotated[str, typer.Option(help="Its name.")],
    admin_email: Annotated[str, typer.Option(help="Its first user, an owner.")],
    admin_password: Annotated[str, typer.Option(help="At least 8 characters.")],
    as_json: Json = False,
) -> None:
    """Makes an organization with its sandbox, an admin and two keys.

    Called again with the same name it changes nothing, and shows no keys.
    """
    name = parse_name("--organization", organization)
    email = parse_email("--admin-email", admin_email)
    with open_installation() as home:
        set_up = run(
            home, lambda context: setup.set_up_organization(context, name, email, admin_password)
        )
    typer.echo(json.encode(_as_json(set_up)).decode() if as_json else _in_words(set_up, name))


def create_key(
    organization: OrganizationNamed,
    scopes: Annotated[str, typer.Option(help='Separated by commas; "*" is all.')],
    rate_limit: Annotated[
        str | None, typer.Option(help="`none` lifts the limits for this key.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    as_json: Json = False,
) -> None:
    """Makes an API key, and shows it only now."""
    key_scopes = _scopes(scopes)
    if rate_limit not in (None, "none"):
        raise UsageError("--rate-limit takes only `none`; leave it out for the usual limits.")
    called_so = None if name is None else parse_name("--name", name)
    with open_installation() as home:
        key, secret = run(
            home,
            lambda context: setup.create_key(
                context, organization, key_scopes, called_so, rate_limited=rate_limit is None
            ),
        )
    public_id = encode_id(API_KEY, key.id)
    if as_json:
        typer.echo(json.encode({"id": public_id, "key": secret}).decode())
    else:
        typer.echo(f"{secret}\n\nThis is shown only once. The id of the key is {public_id}.")


def add_user(
    organization: OrganizationNamed,
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    password: Annotated[str, typer.Option(help="At least 8 characters.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.MEMBER,
) -> None:
    """Gives someone a role in an organization and its sandbox."""
    address = parse_email("--email", email)
    with open_installation() as home:
        is_new = run(
            home, lambda context: setup.add_user(context, organization, address, password, role)
        )
    note = "" if is_new else " The user was known here, and keeps the password of before."
    typer.echo(f"{address} is now {role} of {organization}.{note}")


def invite_user(
    organization: OrganizationNamed,
    email: Annotated[str, typer.Option(help="Where the invitation goes.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.MEMBER,
) -> None:
    """Gives someone a role in an organization and its sandbox, and mails a link to set a password.

    Who has a password here keeps it.
    """
    address = parse_email("--email", email)

    async def invite(context: Context) -> bool:
        invited_to = await setup.get_organization_named(context, organization)
        caller = Caller(invited_to.id, invited_to.mode, actor="operator", source="cli")
        return await unit_of_work.change(context, caller, invitations.invite_user, address, role)

    with open_installation() as home:
        if home.settings.public_url is None:
            raise UsageError(
                "KALENDS_PUBLIC_URL is not set: the link in the invitation would have no address."
                " Set it to the address that people see, or invite them in the console."
            )
        is_new = run(home, invite)
    note = "" if is_new else " The user was known here; a password that is set stays."
    typer.echo(f"{address} is now {role} of {organization}. An invitation is on its way.{note}")


def _scopes(text: str) -> list[Scope]:
    try:
        return [Scope(part.strip()) for part in text.split(",")]
    except ValueError:
        names = ", ".join(Scope)
        raise UsageError(f"--scopes must be among {names}, separated by commas.") from None


def _as_json(set_up: MadeOrganization) -> dict[str, str | None]:
    return {
        "organization_id": encode_id(ORGANIZATION, set_up.organization_id),
        "api_key": set_up.api_key,
        "sandbox_organization_id": encode_id(ORGANIZATION, set_up.sandbox_organization_id),
        "sandbox_api_key": set_up.sandbox_api_key,
        "admin_email": set_up.admin_email,
    }


def _in_words(set_up: MadeOrganization, name: str) -> str:
    public_id = encode_id(ORGANIZATION, set_up.organization_id)
    if set_up.api_key is None:
        return f'"{name}" is there already ({public_id}); nothing was changed.'
    return (
        f'"{name}" was made. The keys are shown only once.\n\n'
        f"  Organization  {public_id}\n"
        f"  Key           {set_up.api_key}\n"
        f"  Sandbox       {encode_id(ORGANIZATION, set_up.sandbox_organization_id)}\n"
        f"  Sandbox key   {set_up.sandbox_api_key}\n"
        f"  Admin         {set_up.admin_email}"
    )
