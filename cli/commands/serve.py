"""terrace serve"""

import click

from cli.embedded import servers
from cli.lifeline import end_with_parent
from cli.serving import serve
from cli.session import read_settings


@click.command("serve")
@click.option("--host", help="Address to listen on (TERRACE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (TERRACE_PORT).")
def command(host: str | None, port: int | None) -> None:
    """Serve the API: GraphQL over HTTP and sockets at /graphql, /livez and /readyz.

    Any number of these may run on one database. Ctrl-C or SIGTERM closes the sockets with a reason
    and lets requests in flight finish.
    """
    settings = read_settings(host=host, port=port)
    end_with_parent()
    with servers(settings) as addresses:
        serve(settings, addresses)
