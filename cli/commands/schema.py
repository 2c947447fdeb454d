"""terrace schema"""

import click

from schema.published import sdl


@click.command("schema")
def command() -> None:
    """Print the published GraphQL schema.

    The output is SDL, sorted by name. The copy in the project, schema.graphql, is compared with it
    by `make check`: a change of the schema is a reviewed change.
    """
    click.echo(sdl(), nl=False)
