"""`python -m bench.latency`: from sending a booking to the arrival of what follows from it.

One booking after the other, each when the last delivery of the one before has come; one process
answers and delivers.
"""

import socket
import time
from statistics import quantiles
from typing import Final

from bench import report
from bench.arguments import read_number
from bench.load import Request, is_whole
from bench.stage import DELIVERED_WITHIN_SECONDS, Home, Plan, home_of, stage_of
from bench.world import BenchWorld

WORLD: Final = BenchWorld(200_000)
BOOKINGS: Final = 200
WARM_UP: Final = 20
PLAN: Final = Plan(rounds=1, seconds=0, warm_up=0)
PART_BYTES: Final = 65_536


def main() -> None:
    count = read_number("latency", __doc__, "bookings", BOOKINGS, "how many are counted")
    with home_of(WORLD) as home, stage_of(home, PLAN) as stage:
        request = home.bookings(has_webhook=True)
        with socket.create_connection(("127.0.0.1", stage.server.port)) as connection:
            took = [_book(home, connection, request) for _ in range(WARM_UP + count)][WARM_UP:]
    for name, latencies in zip(("webhook", "two mails"), zip(*took, strict=True), strict=True):
        cuts = [cut * 1000 for cut in quantiles(latencies, n=100)]
        print(f"{name:9} p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms")
    print(f"load {report.load_average():.1f}")


def _book(home: Home, connection: socket.socket, request: Request) -> tuple[float, float]:
    """Seconds until its webhook came, and until its two mails came."""
    webhooks, mails = home.webhooks.count, home.mail.count
    began = time.monotonic()
    connection.sendall(request.make())
    answer = b""
    while not is_whole(answer):
        answer += connection.recv(PART_BYTES)
    if not answer.startswith(b"HTTP/1.1 201"):
        raise SystemExit(f"a booking failed: {answer[:1000]!r}")
    home.webhooks.wait_for(webhooks + 1, DELIVERED_WITHIN_SECONDS)
    webhook_seconds = time.monotonic() - began
    home.mail.wait_for(mails + 2, DELIVERED_WITHIN_SECONDS)
    return webhook_seconds, time.monotonic() - began


if __name__ == "__main__":
    main()
