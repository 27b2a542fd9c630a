"""The guarded client, and what tests of TLS trust."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.gateways.http import GuardedHttp
from tests.gateways.asking import LOOPBACK
from tests.gateways.receivers import Authority


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    """May call this machine."""
    client = GuardedHttp(LOOPBACK)
    yield client
    await client.close()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that the system trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made
