"""Recorded answers without what is another one each time: ids, secrets, the time of day. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_ID: Final = re.compile(r"\b([a-z]+(?:_[a-z]+)*)_([0-9A-Za-z]{22})\b")
_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_STAMP: Final = re.compile(r"\b\d{8}T\d{6}Z")
# Before the ids, since a secret may look like one.
_SECRETS: Final = (
    (re.compile(r"\bwk_(live|test)_[0-9A-Za-z_-]+"), r"wk_\1_<secret>"),
    (re.compile(r"\bwhsec_[0-9A-Za-z+/=_-]+"), "whsec_<secret>"),
)
_REPLACED: Final = (
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:<port>"),
    (re.compile(r"'sha256-[^']+'"), "'sha256-<hash>'"),
    (re.compile(r"\bnonce-[\w+/=-]+"), "nonce-<nonce>"),
    (re.compile(r"(/static/[a-z-]+)\.[0-9a-zA-Z]{8,}\."), r"\1.<hash>."),
    (re.compile(r"(/feeds/|/booking/|/hooks/calcom/|kalends_\w+=)[\w-]{20,}"), r"\1<token>"),
    (re.compile(r"\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d\b"), "<moment>"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{27,}(?![\w-])"), "<token>"),
)
# Numbers and texts that are another each time, by the field they stand in.
_VARYING: Final = frozenset({"duration_ms", "retry_after", "last_four"})
_VARYING_HEADERS: Final = frozenset(
    {
        "last-modified",
        "retry-after",
        "webhook-timestamp",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    }
)
_PASSED_OVER: Final = frozenset({"date", "content-length"})
# The tour books weeks ahead or years ago; what lies nearer depends on the clock.
_NEAR: Final = timedelta(days=20)
_STEP: Final = timedelta(minutes=5)


@dataclass
class Normalizer:
    """One for each tour: an id is numbered by when it was first seen."""

    _ids: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def value(self, value: Any, now: datetime) -> Any:
        """A value of JSON, at any depth."""
        if isinstance(value, str):
            return self.text(value, now)
        if isinstance(value, list):
            return [self.value(one, now) for one in value]
        if isinstance(value, dict):
            return {self.text(k, now): self._field(k, v, now) for k, v in value.items()}
        return value

    def text(self, text: str, now: datetime) -> str:
        for pattern, plain in _SECRETS:
            text = pattern.sub(plain, text)
        text = _ID.sub(lambda match: self._numbered(match[1], match[2]), text)
        for pattern, plain in _REPLACED:
            text = pattern.sub(plain, text)
        text = _INSTANT.sub(lambda match: _relative(match, now), text)
        return _STAMP.sub(lambda match: _relative_stamp(match[0], now), text)

    def headers(self, headers: Mapping[str, str], now: datetime) -> dict[str, str]:
        """In the order of their names, without those that no client reads."""
        named = sorted((name.lower(), value) for name, value in headers.items())
        return {
            name: self._header(name, value, now)
            for name, value in named
            if name not in _PASSED_OVER
        }

    def _header(self, name: str, value: str, now: datetime) -> str:
        if name in _VARYING_HEADERS:
            return "<number>"
        if name == "etag" and not re.fullmatch(r'"\d+"', value):
            return "<etag>"
        return self.text(value, now)

    def _field(self, name: str, value: Any, now: datetime) -> Any:
        if name in _VARYING and isinstance(value, int | str):
            return f"<{type(value).__name__}>"
        return self.value(value, now)

    def _numbered(self, prefix: str, characters: str) -> str:
        whole = f"{prefix}_{characters}"
        if whole not in self._ids:
            self._counts[prefix] = self._counts.get(prefix, 0) + 1
            self._ids[whole] = f"{prefix}#{self._counts[prefix]}"
        return self._ids[whole]


def _relative(match: re.Match[str], now: datetime) -> str:
    """The instant by its distance from now, with the shape that it is written in."""
    moment = datetime.fromisoformat(match[0])
    shape = f"{'.' + '0' * (len(match[1]) - 1) if match[1] else ''}{match[2]}"
    return match[0] if _is_far(moment, now) else f"<{_distance(moment, now)} {shape}>"


def _relative_stamp(text: str, now: datetime) -> str:
    moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return text if _is_far(moment, now) else f"<{_distance(moment, now)}>"


def _is_far(moment: datetime, now: datetime) -> bool:
    return abs(moment - now) > _NEAR


def _distance(moment: datetime, now: datetime) -> str:
    """In steps of five minutes, since the tour takes its time too."""
    steps = round((moment - now) / _STEP)
    return "now" if steps <= 0 else f"in {steps * 5} min"
