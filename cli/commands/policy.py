"""terrace policy"""

import json
import sys
from pathlib import Path

import click

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
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        document = json.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.UsageError(f"{file}: expected a JSON object")

    async def publish(database: Database) -> tuple[TierPolicy, bool]:
        return await publish_policy(database, document, OPERATOR)

    published, new = on_database(settings, publish)
    said = "published, effective" if new else "is this policy already, effective"
    click.echo(f"policy version {published.version} {said} {published.effective}")
