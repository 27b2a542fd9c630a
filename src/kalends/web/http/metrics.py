"""The metrics that `/metrics` shows, in Prometheus' text format."""

import os
from functools import cache

from prometheus_client import REGISTRY as OF_THIS_PROCESS
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

_requests = Counter("kalends_http_requests_total", "Requests", ["method", "route", "status"])
_durations = Histogram(
    "kalends_http_request_seconds", "Time to answer", ["method", "route"], buckets=SECONDS
)
refusals = Counter(
    "kalends_http_refused_total", "Requests refused by a rate limit before they were looked at"
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


def exposition() -> bytes:
    """The metrics of this process or, if the workers share a folder, of all of them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(OF_THIS_PROCESS)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
