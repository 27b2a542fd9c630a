"""Options that commands share, and their errors."""

from typing import Annotated

import msgspec
import typer

from kalends.domain.values import Email, Name

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
OrganizationNamed = Annotated[
    str, typer.Option("--organization", help="Its id (org_…), slug or name.")
]


class UsageError(Exception):
    """A command was called wrongly; the text says how to call it."""


def parse_email(option: str, text: str) -> str:
    """Raises UsageError unless the text is an e-mail address."""
    try:
        return str(Email.parse(text))
    except ValueError as error:
        raise UsageError(f"{option} {error}.") from error


def parse_name(option: str, text: str) -> str:
    """Raises UsageError unless the text can be a name."""
    try:
        return msgspec.convert(text, Name)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{option} must have 1 to 200 characters, some that show, and no control characters."
        ) from error
