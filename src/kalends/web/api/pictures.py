"""Pictures in the API: a file in base64 within JSON, so that errors and idempotency work as for
any other call."""

from base64 import b64decode
from typing import Annotated, Final

from kalends.domain.errors import Invalid
from kalends.domain.pictures import MOST_PICTURE_BYTES
from kalends.formats.described import about
from kalends.web.http.request_models import RequestModel

# The picture in base64, and the JSON around it.
LARGEST_PICTURE_BODY_BYTES: Final = MOST_PICTURE_BYTES * 4 // 3 + 10_000


class SetPicture(RequestModel, frozen=True):
    content: Annotated[
        str,
        about(
            "The file, in base64.",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==",
            min_length=1,
            extra_json_schema={"contentEncoding": "base64"},
        ),
    ]


def parse_picture(body: SetPicture) -> bytes:
    """Raises Invalid."""
    try:
        return b64decode(body.content, validate=True)
    except ValueError:
        raise Invalid.field("content", "must be base64") from None
