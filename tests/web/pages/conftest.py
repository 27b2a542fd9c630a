"""Where the shared server writes its log."""

import pytest

from tests.servers import Server


@pytest.fixture
def server_log(server: Server) -> str:
    return str(server.log_file)
