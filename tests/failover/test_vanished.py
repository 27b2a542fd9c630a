"""A machine vanishes without a word: PostgreSQL lets go of its connections in a minute."""

from pathlib import Path

from kalends.store.database import JOB_LIMITS, REQUEST_LIMITS, ConnectParameters, Database
from tests.failover.pair import DATABASE, Node
from tests.servers import free_port

LETS_GO = """
SELECT current_setting('tcp_keepalives_idle')::integer
    + current_setting('tcp_keepalives_interval')::integer
    * current_setting('tcp_keepalives_count')::integer,
    current_setting('tcp_user_timeout')
"""


async def test_every_connection_over_tcp_has_limits_for_silence(
    folders: Path, template: Path
) -> None:
    node = Node(folders / "tcp")
    node.copy_of(template)
    node.start(listen_addresses="127.0.0.1", port=str(free_port()))
    parameters = ConnectParameters(dsn=f"postgresql://kalends@127.0.0.1:{node.port}/{DATABASE}")
    try:
        for limits in (REQUEST_LIMITS, JOB_LIMITS):
            database = Database(parameters, 1, limits)
            async with database.connection() as tx:
                assert tuple(await tx.fetchrow(LETS_GO)) == (60, "60000")
            await database.close()
    finally:
        node.stop()
