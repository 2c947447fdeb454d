"""`terrace key`, `terrace access` and `terrace token` as an operator types them."""

import asyncio

import pytest
from click.testing import CliRunner, Result

from cli.main import cli
from domain.actors import Role
from domain.api_keys import digest_of, prefix_of
from domain.claims import Claims, NotAdmitted
from repository.access import Access
from tests.cli.typed import environment
from tests.house import House

TOKEN = ("token", "--role", "hq")


async def typed(house: House, *arguments: str, mode: str = "production") -> Result:
    given = {**environment(house.url), "TERRACE_MODE": mode}
    return await asyncio.to_thread(CliRunner(env=given).invoke, cli, arguments)


async def test_a_key_is_made_listed_rotated_and_revoked(house: House) -> None:
    made = await typed(house, "key", "create", "core", "--grant", "feeds", "--days", "5")
    assert made.exit_code == 0, made.output
    text = made.stdout.strip()
    prefix = prefix_of(text)
    assert prefix is not None
    assert made.stderr == f"key {prefix}; its text is not shown again:\n"
    access = Access(house.database)
    claims = await access.api_key(prefix, digest_of(text))
    assert claims is not None
    assert await access.admit(claims) == 0
    listed = (await typed(house, "key", "list")).stdout
    assert listed.startswith(f"{prefix}  core  feeds  ends ")
    assert listed.endswith("  good\n")
    rotated = await typed(house, "key", "rotate", prefix, "--overlap-hours", "0")
    new = prefix_of(rotated.stdout.strip())
    with pytest.raises(NotAdmitted, match="revoked"):
        await access.admit(claims)
    assert new is not None
    assert (await typed(house, "key", "revoke", new, "--reason", "over")).exit_code == 0
    gone = await typed(house, "key", "revoke", new, "--reason", "over")
    assert gone.exit_code == 2
    assert "there is no such key that is still good" in gone.stderr


async def test_a_bearer_is_shut_out_and_let_in_again(house: House) -> None:
    access = Access(house.database)
    before = Claims(Role.HQ, "desk", issued_at=1_000)
    after = Claims(Role.HQ, "desk", issued_at=2_000_000_000)
    whom = ("access", "revoke", "--role", "hq", "--subject", "desk", "--reason", "lost")
    since = await typed(house, *whom, "--issued-before", "2026-01-01T00:00:00Z")
    assert since.stdout == "revocation 1: hq desk is shut out\n"
    assert await access.admit(after) == 0
    with pytest.raises(NotAdmitted, match="revoked"):
        await access.admit(before)
    assert (await typed(house, *whom)).exit_code == 0
    with pytest.raises(NotAdmitted, match="revoked"):
        await access.admit(after)
    listed = (await typed(house, "access", "list")).stdout.splitlines()
    assert [line.split("  ")[:2] for line in listed] == [
        ["1", "hq:desk, issued before 2026-01-01T00:00:00Z"],
        ["2", "hq:desk"],
    ]
    for number in ("1", "2"):
        assert (await typed(house, "access", "restore", number, "--reason", "found")).exit_code == 0
    assert await access.admit(before) == 0
    again = await typed(house, "access", "restore", "2", "--reason", "found")
    assert again.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--role", "hq"),
        ("--subject", "x"),
        ("--token", "t", "--role", "hq", "--subject", "x"),
        ("--token", "t", "--issued-before", "2026-01-01T00:00:00Z"),
    ],
    ids=" ".join,
)
async def test_who_is_to_be_shut_out_must_be_said(house: House, arguments: tuple[str, ...]) -> None:
    refused = await typed(house, "access", "revoke", *arguments, "--reason", "r")
    assert refused.exit_code == 2
    assert "give --role and --subject" in refused.stderr


async def test_no_development_token_is_made_in_production(house: House) -> None:
    assert (await typed(house, *TOKEN, mode="development")).exit_code == 0
    refused = await typed(house, *TOKEN, mode="production")
    assert refused.exit_code == 2
    assert "development tokens are not taken" in refused.stderr
