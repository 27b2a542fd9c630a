"""What pages call things: each code of the domain has a name, and templates say nothing bare."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import kalends.web.pages
from kalends.domain.access import Role
from kalends.domain.booking import LocationType, Status
from kalends.domain.mail import MailKind, MailState
from kalends.domain.schedule import WEEKDAYS
from kalends.domain.scopes import Scope
from kalends.domain.video import VideoProvider
from kalends.domain.webhook import EventName, State
from kalends.web.pages import labels

TEMPLATES = sorted((Path(kalends.web.pages.__file__).parent / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_says_anything_by_itself(path: Path) -> None:
    source = path.read_text()
    bare = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", "", source)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", bare, flags=re.DOTALL)
    bare = re.sub(r'\b[\w-]+="[^"]*"', " ", bare)
    bare = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", bare, flags=re.DOTALL)
    assert set(re.findall(r"[A-Za-z]{3,}", bare)) <= {"Kalends"}


@pytest.mark.parametrize(
    ("named", "codes"),
    [
        (labels.STATUSES, Status),
        (labels.VIDEO_PROVIDERS, VideoProvider),
        (labels.BOOKING_TITLES, Status),
        (labels.ROLES, Role),
        (labels.SCOPES, Scope),
        (labels.LOCATION_TYPES, LocationType),
        (labels.WEEKDAYS, WEEKDAYS),
        (labels.WEBHOOK_EVENTS, EventName),
        (labels.HISTORY, (name for name in EventName if name.startswith("booking."))),
        (labels.MAIL_KINDS, MailKind),
        (labels.MAIL_STATES, MailState),
        (labels.BOOKING_MAIL_STATES, MailState),
        (labels.DELIVERY_STATES, State),
        (labels.BOOKING_DELIVERY_STATES, State),
    ],
)
def test_every_code_of_the_domain_has_a_name(named: labels.Labels, codes: Iterable[str]) -> None:
    assert set(codes) <= named.keys()
