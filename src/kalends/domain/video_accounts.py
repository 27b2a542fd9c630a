"""The accounts with which an organization has links to video calls made."""

from datetime import datetime
from typing import Final

from msgspec import Struct


class VideoAccounts(Struct, frozen=True):
    """Zoom's server-to-server credentials and the organization's own hook; None where not set up.
    Secrets and the token are sealed. `zoom_user` owns the meetings. The version is 0 if nothing has
    been set up."""

    zoom_account_id: str | None
    zoom_client_id: str | None
    zoom_client_secret: bytes | None
    zoom_user: str | None
    zoom_token: bytes | None
    zoom_token_until: datetime | None
    hook_url: str | None
    hook_secret: bytes | None
    updated_at: datetime
    version: int

    @property
    def has_zoom(self) -> bool:
        return self.zoom_client_secret is not None

    @property
    def has_hook(self) -> bool:
        return self.hook_url is not None


ZOOM_FIELDS: Final = tuple(n for n in VideoAccounts.__struct_fields__ if n.startswith("zoom_"))
