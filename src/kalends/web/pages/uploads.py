"""Reads forms with files (`multipart/form-data`, RFC 7578), as browsers send them."""

import re
from collections.abc import Iterator
from typing import Final

from kalends.domain.errors import Invalid
from kalends.domain.pictures import MOST_PICTURE_BYTES
from kalends.web.pages.forms import FormFields

# The largest picture, and the rest of its form.
LARGEST_UPLOAD_BYTES: Final = MOST_PICTURE_BYTES + 20_000
MOST_PARTS: Final = 20
LONGEST_HEAD: Final = 2_000
LONGEST_FIELD: Final = 10_000
_BOUNDARY: Final = re.compile(
    r"multipart/form-data;\s*boundary=\"?([0-9A-Za-z'()+_,./:=? -]{1,70})\"?", re.IGNORECASE
)
_NAME: Final = re.compile(rb'\bname="([^"\r\n]{0,100})"')
_FILE: Final = re.compile(rb'\bfilename="')


class Upload:
    """The fields of the form, and the contents of its files by field name."""

    def __init__(self, fields: FormFields, files: dict[str, bytes]) -> None:
        self.fields = fields
        self.files = files


def is_with_files(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def read_upload(content_type: str, raw: bytes) -> Upload:
    """Reads the form. Raises Invalid if it is malformed."""
    fields: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    for head, body in _parts_in(content_type, raw):
        name = _NAME.search(head)
        if name is None:
            raise unknown()
        if _FILE.search(head):
            files[name[1].decode("ascii", "replace")] = body
        elif len(body) <= LONGEST_FIELD:
            fields.append((name[1].decode("ascii", "replace"), body.decode("utf-8", "replace")))
    return Upload(FormFields(fields), files)


def unknown() -> Invalid:
    return Invalid("What was sent is no form that we know.")


def _parts_in(content_type: str, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The headers and the body of each part. Raises Invalid."""
    boundary = _BOUNDARY.fullmatch(content_type.strip())
    if boundary is None:
        raise unknown()
    line = b"--" + boundary[1].encode()
    parts = (b"\r\n" + raw).split(b"\r\n" + line, MOST_PARTS + 2)
    if len(parts) < 2 or len(parts) > MOST_PARTS + 2 or not parts[-1].startswith(b"--"):
        raise unknown()
    for part in parts[1:-1]:
        head, gap, body = part.partition(b"\r\n\r\n")
        if not gap or len(head) > LONGEST_HEAD:
            raise unknown()
        yield head, body
