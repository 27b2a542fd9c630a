"""The examples for proxies, as the server that stands behind them is."""

import re
from pathlib import Path

import pytest

from kalends.serving import KEEP_ALIVE_SECONDS

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@pytest.mark.parametrize(
    ("name", "setting"),
    [("nginx.conf", r"keepalive_timeout (\d+)s"), ("Caddyfile", r"keepalive (\d+)s")],
)
def test_the_proxy_gives_up_idle_connections_first(name: str, setting: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert f"closes an idle connection after {KEEP_ALIVE_SECONDS} s" in text
    (seconds,) = re.findall(setting, text)
    assert KEEP_ALIVE_SECONDS / 2 < int(seconds) < KEEP_ALIVE_SECONDS
