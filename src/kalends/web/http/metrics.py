"""The metrics that `/metrics` shows, in Prometheus' text format."""

import os
from collections.abc import Sequence
from functools import cache

from prometheus_client import REGISTRY as OF_THIS_PROCESS
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kalends.services.outbox_figures import OutboxFigures

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

_requests = Counter("kalends_http_requests_total", "Requests", ["method", "route", "status"])
_durations = Histogram(
    "kalends_http_request_seconds", "Time to answer", ["method", "route"], buckets=SECONDS
)
refusals = Counter(
    "kalends_http_refused_total", "Requests refused by a rate limit before they were looked at"
)
_unavailable = Counter(
    "kalends_unavailable_total",
    "Requests answered with 503, by what they waited for",
    ["waited_for"],
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request; `route` is the path's pattern, never the path itself."""
    method_label = method if method in _METHODS else "other"
    _count_of(method_label, route, status).inc()
    _duration_of(method_label, route).observe(seconds)


@cache  # the library turns each label into text, and looks the labels up under a lock
def _count_of(method: str, route: str, status: int) -> Counter:
    return _requests.labels(method, route, str(status))


@cache
def _duration_of(method: str, route: str) -> Histogram:
    return _durations.labels(method, route)


def count_unavailable(waited_for: str) -> None:
    """Counts a request that was answered with 503."""
    _unavailable.labels(waited_for).inc()


def exposition(outbox: OutboxFigures | None) -> bytes:
    """The metrics of this process or, if the workers share a folder, of all of them; and those of
    the outbox, which is the same for all, where they are known."""
    of_outbox = generate_latest(_of_the_outbox(outbox)) if outbox is not None else b""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(OF_THIS_PROCESS) + of_outbox
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + of_outbox


def _of_the_outbox(outbox: OutboxFigures) -> CollectorRegistry:
    waiting = GaugeMetricFamily(
        "kalends_outbox_waiting", "Deliveries that wait, by channel", labels=["channel"]
    )
    due = GaugeMetricFamily(
        "kalends_outbox_due_seconds", "For how long the first has been due", labels=["channel"]
    )
    failing = GaugeMetricFamily(
        "kalends_outbox_server_failing", "Whether the server takes nothing", labels=["channel"]
    )
    for one in outbox.channels:
        waiting.add_metric([one.channel], one.waiting)
        due.add_metric([one.channel], one.due_seconds)
        failing.add_metric([one.channel], one.is_failing)
    webhooks = GaugeMetricFamily(
        "kalends_webhooks_failing", "Webhooks that take nothing", outbox.failing_webhooks
    )
    registry = CollectorRegistry()
    registry.register(_Families([waiting, due, failing, webhooks]))
    return registry


class _Families(Collector):
    """What was counted elsewhere, as the library wants it."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families
