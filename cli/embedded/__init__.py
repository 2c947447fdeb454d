"""PostgreSQL and Valkey run from wheels, for whoever has no servers to point Terrace at.

    with servers(settings) as addresses:
        ...  # addresses.database_url, addresses.redis_url

Configured addresses win; else the servers of a running `terrace up` on the same data folder are
shared; else both servers are started for the block and stopped after it. What lies where in the
data folder, and who may use it when, is told in `installation`.
"""

from cli.embedded.addresses import Addresses
from cli.embedded.errors import EmbeddedError, ServerFailed
from cli.embedded.installation import Installation, own_servers, servers
from cli.embedded.secrets import signing_key

__all__ = [
    "Addresses",
    "EmbeddedError",
    "Installation",
    "ServerFailed",
    "own_servers",
    "servers",
    "signing_key",
]
