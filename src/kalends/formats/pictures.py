"""The URLs of an organization's pictures, and their public JSON."""

from typing import Annotated

from msgspec import Struct

from kalends.domain.access import Organization
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.domain.pictures import size_of
from kalends.domain.schedule import Schedule
from kalends.formats.described import about

PICTURES_PATH = "/static/pictures"


class PictureBody(Struct, frozen=True):
    """A picture, as large as it is kept: twice as large as pages show it."""

    url: Annotated[
        str,
        about(
            "A path on this installation. It contains a hash of the picture, and what it shows "
            "never changes.",
            "/static/pictures/org_0352lF5NnllfIJ66lPpfc3/1f0d3c5a-480x120.png",
        ),
    ]
    width: Annotated[int, about("In pixels.")]
    height: Annotated[int, about("In pixels.")]


def photo_of(schedule: Schedule) -> PictureBody | None:
    """The photo of the schedule, if there is one."""
    return None if schedule.photo is None else picture_at(schedule.photo)


def picture_at(place: str) -> PictureBody:
    """The picture at a place, which is made of its owner and its name."""
    width, height = size_of(place.partition("/")[2])
    return PictureBody(f"{PICTURES_PATH}/{place}", width, height)


def logo_of(organization: Organization) -> PictureBody | None:
    """The organization's logo, if there is one."""
    if organization.logo is None:
        return None
    return picture_at(f"{encode_id(ORGANIZATION, organization.id)}/{organization.logo}")
