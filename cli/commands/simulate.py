"""terrace simulate"""

import json

import click

from cli.json_file import read_json
from domain.scenarios import InvalidScenario, run_scenarios


@click.command("simulate")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
def command(file: str) -> None:
    """Judge scenarios month by month; no database is needed.

    FILE (or - for standard input) is a JSON list of scenarios: name, policies, initial, months
    with their AUM (null where the feed is missing), grants, revocations, terminations and
    corrections. Printed is the same list with the state in force on the last day of each month:
    status, tier, shortfall_months, below_entry_months, retention_closes; one row more than months.
    """
    document = read_json(file)
    try:
        results = run_scenarios(document)
    except InvalidScenario as error:
        raise click.UsageError(f"{file}: {error}") from None
    click.echo(json.dumps(results, ensure_ascii=False, indent=1))
