"""`terrace audit`, as somebody types it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from click.testing import CliRunner, Result

from benchmarks.place import superuser
from cli.commands import audit as command
from cli.embedded import Addresses
from cli.main import cli
from cli.session import OPERATOR
from domain.chain import Link
from repository.audit import audit
from repository.sealing import chain_head, seal
from tests.cli.typed import environment
from tests.house import House, new_house

UNPROVEN = "no anchor was given: a chain that was computed anew would look the same\n"


@pytest.fixture(scope="module")
async def house(addresses: Addresses) -> AsyncIterator[House]:
    """Four sealed lines, and one that waits."""
    async with new_house(addresses) as built:
        for subject in ("S1", "S2", "S3", "S4", "S5"):
            if subject == "S5":
                await seal(built.database)
            async with built.database.unit() as connection:
                await audit(connection, OPERATOR, "test.write", subject, reason="why")
        yield built


async def types(house: House, *words: str) -> Result:
    """Run a command in a thread, where it has a loop of its own."""
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(cli, ("audit", *words), env=environment(house.url))
    )


async def test_the_head_is_an_anchor_that_verify_takes(house: House) -> None:
    head = await types(house, "head")
    assert Link.parse(head.output.strip()) == await chain_head(house.database)
    told = f"4 lines are as they were sealed, up to {head.output.strip()}"
    alone = await types(house, "verify")
    assert (alone.exit_code, alone.output) == (
        0,
        f"{told}; 1 lines wait for their seal\n{UNPROVEN}",
    )
    held = await types(house, "verify", "--anchor", head.output.strip())
    assert (held.exit_code, held.output) == (0, f"{told}; 1 lines wait for their seal\n")


async def test_it_goes_on_from_a_position(house: House) -> None:
    rest = await types(house, "verify", "--from", "3")
    assert rest.exit_code == 0
    assert rest.output.startswith("from position 4 on, 1 lines are as they were sealed, up to 4:")
    beyond = await types(house, "verify", "--from", "9")
    assert (beyond.exit_code, beyond.output) == (1, "Error: the seal of position 9 is missing\n")


@pytest.mark.parametrize(
    ("anchor", "status", "said"),
    [
        ("4:" + "0" * 64, 1, "position 4 has the hash"),
        ("5:" + "0" * 64, 1, "the chain ends at position 4, before the anchor 5"),
        ("4", 2, "Invalid value for '--anchor': '4' is no POSITION:HASH"),
        ("four:" + "0" * 64, 2, "is no POSITION:HASH"),
        ("4:" + "0" * 63, 2, "is no POSITION:HASH"),
    ],
)
async def test_an_anchor_that_does_not_hold_or_is_none_is_told(
    house: House, anchor: str, status: int, said: str
) -> None:
    told = await types(house, "verify", "--anchor", anchor)
    assert told.exit_code == status
    assert said in told.output


async def test_who_interrupts_it_is_told_where_to_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = command.verify

    async def interrupted(*given: object, **more: object) -> object:
        await own(*given, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "verify", interrupted)
    told = await types(house, "verify")
    assert told.exit_code == 1
    assert f"right up to {await chain_head(house.database)}; go on with --from 4" in told.output


async def test_a_line_changed_by_force_ends_it_with_status_1(house: House) -> None:
    connection = await asyncpg.connect(superuser(house.url))
    try:
        await connection.execute("""
            alter table terrace.audit disable trigger refuse_change;
            update terrace.audit set reason = 'another' where id = 2;
            alter table terrace.audit enable always trigger refuse_change""")
    finally:
        await connection.close()
    told = await types(house, "verify")
    assert (told.exit_code, told.output) == (
        1,
        "Error: line 2 was changed after it had been sealed at position 2, or its seal was\n",
    )
