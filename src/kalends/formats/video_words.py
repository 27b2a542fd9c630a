"""The words about links to calls, which pages and mails share."""

from collections.abc import Mapping
from typing import Final

from kalends.domain.video import VideoProvider
from kalends.translation import LazyMessage, gettext_lazy

PROVIDERS: Final[Mapping[VideoProvider, LazyMessage]] = {
    VideoProvider.GOOGLE_MEET: gettext_lazy("Google Meet"),
    VideoProvider.MICROSOFT_TEAMS: gettext_lazy("Microsoft Teams"),
    VideoProvider.ZOOM: gettext_lazy("Zoom"),
    VideoProvider.JITSI: gettext_lazy("Jitsi"),
    VideoProvider.URL: gettext_lazy("Your own video service"),
}
