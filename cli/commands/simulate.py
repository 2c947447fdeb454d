"""terrace simulate"""

import json
import sys
from pathlib import Path

import click

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
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        document = json.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None
    try:
        results = run_scenarios(document)
    except InvalidScenario as error:
        raise click.UsageError(f"{file}: {error}") from None
    click.echo(json.dumps(results, ensure_ascii=False, indent=1))
