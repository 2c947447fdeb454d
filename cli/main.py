"""The `terrace` command."""

import click


@click.group()
def main() -> None:
    """Run and operate Terrace."""
