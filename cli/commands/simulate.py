"""terrace simulate"""

import json
from typing import Any

import click

from cli.json_file import read_json
from cli.policy_preview import PolicyResult, preview_policy, table_of
from cli.session import on_database, read_settings
from domain.months import Month
from domain.policy import parse_policy
from domain.scenarios import InvalidScenario, run_scenarios

_INTERRUPTED = 130


@click.command("simulate")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), required=False)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Judge the closed months of this installation under this policy.",
)
@click.option("--from", "first", metavar="MONTH", help="The first month judged under it.")
@click.option("--to", "last", metavar="MONTH", help="The last one; it must be closed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    file: str | None, policy: str | None, first: str | None, last: str | None, as_json: bool
) -> None:
    """Judge scenarios month by month, or closed months under another policy.

    FILE (or - for standard input) is a JSON list of scenarios: name, policies, initial, months
    with their AUM (null where the feed is missing), grants, revocations, manual_tiers,
    terminations and corrections. Printed is the same list with the state in force on the last day
    of each month: status, tier, shortfall_months, below_entry_months, retention_closes; one row
    more than months. No database is needed.

    With --policy, whose file is like that of `terrace policy`, the closed months --from to --to of
    this installation are judged again under it, whatever month it says it is effective from.
    Printed is what would be otherwise; nothing is written. Ctrl-C stops it: exit status 130.
    """
    if policy is None:
        if first is not None or last is not None or as_json:
            raise click.UsageError("--from, --to and --json go with --policy")
        if file is None:
            raise click.UsageError("give a FILE of scenarios, or --policy")
        return _run_scenarios(file)
    if file is not None:
        raise click.UsageError("give either a FILE of scenarios, or --policy")
    if first is None or last is None:
        raise click.UsageError("--policy needs --from MONTH and --to MONTH")
    return _preview(policy, _month("--from", first), _month("--to", last), as_json=as_json)


def _run_scenarios(file: str) -> None:
    document = read_json(file)
    try:
        results = run_scenarios(document)
    except InvalidScenario as error:
        raise click.UsageError(f"{file}: {error}") from None
    click.echo(json.dumps(results, ensure_ascii=False, indent=1))


def _preview(file: str, first: Month, last: Month, *, as_json: bool) -> None:
    settings = read_settings()
    document: Any = read_json(file)
    if not isinstance(document, dict):
        raise click.UsageError(f"{file}: expected a JSON object")
    policy = parse_policy(document, 0)
    try:
        found: PolicyResult = on_database(
            settings, lambda database: preview_policy(database, policy, first, last)
        )
    except KeyboardInterrupt:
        click.echo("stopped; nothing was written", err=True)
        raise SystemExit(_INTERRUPTED) from None
    if as_json:
        click.echo(json.dumps(found.document(), ensure_ascii=False, indent=1))
    else:
        click.echo(table_of(found))


def _month(option: str, text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None
