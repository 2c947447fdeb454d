"""terrace policy"""

import click

from cli.json_file import read_json
from cli.session import OPERATOR, on_database, read_settings
from domain.policy import TierPolicy
from repository.calendar import publish_policy
from repository.database import Database


@click.command("policy")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
def command(file: str) -> None:
    """Publish a version of the tier policy.

    FILE (or - for standard input) is a JSON object: `effective` (the first month it governs, not
    closed yet), `tiers` (lowest first: code, name, threshold), and what differs from the default:
    watch_months, exit_months, retention_months, demote_to, floor, special_expiry_retention,
    divisor, counted_classes. Publishing the same policy again changes nothing.

    \b
    Example:
      {"effective": "2026-01",
       "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"},
                 {"code": "T2", "name": "Platinum", "threshold": "500000.00"}]}
    """
    settings = read_settings()
    document = read_json(file)
    if not isinstance(document, dict):
        raise click.UsageError(f"{file}: expected a JSON object")

    async def publish(database: Database) -> tuple[TierPolicy, bool]:
        return await publish_policy(database, document, OPERATOR)

    published, new = on_database(settings, publish)
    said = "published, effective" if new else "is this policy already, effective"
    click.echo(f"policy version {published.version} {said} {published.effective}")
