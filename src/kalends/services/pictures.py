"""Pictures: decode an upload, serve one, and set or remove the logo."""

from uuid import UUID

from kalends.domain.access import Organization
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid, NotFound
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.ids import ORGANIZATION
from kalends.domain.pictures import LOGO_BOX, MOST_PICTURE_BYTES, Box, NoPicture, Picture
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.runtime.versions import require_version, with_changes
from kalends.store.accounts import pictures
from kalends.store.accounts.organizations import lock_organization


async def read_picture(
    context: Context, field: str, content: bytes, box: Box = LOGO_BOX
) -> Picture:
    """The uploaded picture, re-encoded to fit the box (that of a logo by default). This takes a
    moment in another process, so it runs before any transaction. Raises Invalid for that field."""
    if len(content) > MOST_PICTURE_BYTES:
        most = f"must have at most {MOST_PICTURE_BYTES} bytes"
        raise Invalid.field(field, most, Fault(FaultCode.NO_PICTURE))
    read = await context.gateways.pictures.read(content, box)
    if isinstance(read, NoPicture):
        raise Invalid.field(field, read.reason, Fault(FaultCode.NO_PICTURE))
    return read


async def set_logo(work: UnitOfWork, if_match: IfMatch, picture: Picture | None) -> Organization:
    """Sets or removes the logo. Raises NotFound, Stale."""
    locked = await lock_organization(work.tenant)
    before = require_version(locked, ORGANIZATION, work.organization_id, if_match)
    name = None if picture is None else picture.name
    if picture is not None:
        await pictures.insert_picture(work.tenant, picture, work.recorded_at)
    after = with_changes(before, FieldChanges[Organization](logo=name), work.recorded_at)
    if after is not before:
        await pictures.set_logo(work.tenant, after)
    return after


async def get_picture(context: Context, organization_id: UUID, name: str) -> bytes:
    """The bytes of a picture of any organization. Raises NotFound."""
    async with context.database.tenant_connection(organization_id) as tenant:
        content = await pictures.find_picture(tenant, name)
    if content is None:
        raise NotFound("There is no such picture.")
    return content
