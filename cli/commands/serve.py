"""terrace serve"""

import logging

import click

from cli.embedded import servers
from cli.group import run_group
from cli.lifeline import end_with_parent
from cli.serving import serve
from cli.session import read_settings
from cli.telling import begin_telling

log = logging.getLogger(__name__)


@click.command("serve")
@click.option("--host", help="Address to listen on (TERRACE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (TERRACE_PORT).")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many share the port (TERRACE_PROCESSES)."
)
def command(host: str | None, port: int | None, processes: int | None) -> None:
    """Serve the API: GraphQL over HTTP and sockets at /graphql, /livez, /readyz and /metrics.

    Any number of these may run on one database. Ctrl-C or SIGTERM closes the sockets with a reason
    and lets requests in flight finish. One of several processes that ends is started again; SIGHUP
    starts all of them anew, one after the other.
    """
    settings = read_settings(host=host, port=port, processes=processes)
    end_with_parent()
    if (
        settings.mode is None
        and settings.in_mode == "development"
        and settings.database_url is not None
    ):
        log.warning(
            "no TERRACE_ISSUER and no TERRACE_MODE: development tokens are taken, and whoever has "
            "the key may be anyone"
        )
    with servers(settings) as addresses:
        if settings.processes == 1:
            begin_telling("api", settings)
            serve(settings, addresses)
        else:
            address = (settings.host, settings.port)
            run_group(settings, addresses, "API", "serve", settings.processes, address)
