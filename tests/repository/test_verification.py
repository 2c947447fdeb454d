"""What was done to the audit trail by force is named; with anchors, also by whoever hid it."""

from collections.abc import AsyncIterator, Sequence

import pytest

from cli.embedded import Addresses
from domain.chain import BEGINNING, Link
from repository.sealing import chain_head
from repository.verification import TrailBroken, verify
from tests.house import House, new_house
from tests.trail import by_force, emptied, seal_all, trail_of, write


@pytest.fixture(scope="module")
async def installation(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as built:
        yield built


@pytest.fixture
async def house(installation: House) -> House:
    return await emptied(installation)


FORCED: dict[str, tuple[str, str]] = {
    "a word": (
        "update terrace.audit set reason = 'another' where id = 3",
        "line 3 was changed after it had been sealed at position 3",
    ),
    "a null for a word": (
        "update terrace.audit set origin = null where id = 1",
        "line 1 was changed",
    ),
    "a column, past the triggers": (
        "alter table terrace.audit alter column reason type text using 'another'",
        "line 1 was changed after it had been sealed at position 1",
    ),
    "an instant": (
        "update terrace.audit set recorded_at = recorded_at - interval '1 us' where id = 2",
        "line 2 was changed",
    ),
    "the instant of a seal": (
        "update terrace.audit_seal set sealed_at = sealed_at - interval '1 day' where position = 2",
        "line 2 was changed after it had been sealed at position 2, or its seal was",
    ),
    "a hash": (
        r"update terrace.audit_seal set hash = '\x00' where position = 5",
        "line 5 was changed after it had been sealed at position 5, or its seal was",
    ),
    "a line away": (
        "delete from terrace.audit where id = 4",
        "line 4, sealed at position 4, is miss",
    ),
    "a seal away": (
        "delete from terrace.audit_seal where position = 4",
        "the seal of position 4 is missing",
    ),
    "the first seal away": (
        "delete from terrace.audit_seal where position = 1",
        "the seal of position 1 is missing",
    ),
    "a line and its seal away": (
        "with gone as (delete from terrace.audit where id = 2) "
        "delete from terrace.audit_seal where audit_id = 2",
        "the seal of position 2 is missing",
    ),
    "a line put in": (
        "insert into terrace.audit (principal, role, channel, action, subject) "
        "values ('hq:x', 'hq', 'cli', 'a', 's')",
        "line 7 has no seal and does not wait for one: it was inserted past the chain",
    ),
    "a line put in with a seal": (
        "with put as (insert into terrace.audit (principal, role, channel, action, subject) "
        "values ('hq:x', 'hq', 'cli', 'a', 's') returning id) "
        r"insert into terrace.audit_seal select 7, id, '\x11', now() from put",
        "line 7 was changed after it had been sealed at position 7, or its seal was",
    ),
    "two lines exchanged": (
        "update terrace.audit_seal set audit_id = -audit_id where position in (2, 5);"
        "update terrace.audit_seal set audit_id = 7 + audit_id where audit_id < 0",
        "lines were re-ordered at position 2: line 5 stands where line 2 was sealed",
    ),
    "two seals exchanged": (
        "update terrace.audit_seal set position = -position where position in (2, 5);"
        "update terrace.audit_seal set position = 7 + position where position < 0",
        "lines were re-ordered at position 2: line 5 stands where line 2 was sealed",
    ),
    "the end away, and what waits": (
        "delete from terrace.audit_seal where position > 4",
        "line 5 has no seal and does not wait for one",
    ),
}


@pytest.mark.parametrize(("statement", "said"), FORCED.values(), ids=FORCED.keys())
async def test_what_was_done_by_force_is_named(house: House, statement: str, said: str) -> None:
    await trail_of(house, 6)
    async with by_force(house) as connection:
        await connection.execute(statement)
    for at_once in (5000, 2):
        if "re-ordered" in said and at_once == 2:
            continue  # what it was exchanged with is beyond the page: it is told as changed
        with pytest.raises(TrailBroken) as told:
            await verify(house.database, at_once=at_once)
        assert said in str(told.value)


async def test_a_line_that_vanished_before_its_seal_is_named(house: House) -> None:
    await trail_of(house, 2)
    await write(house, "S3", "S4")
    async with by_force(house) as connection:
        await connection.execute("delete from terrace.audit where id = 3")
    assert (await seal_all(house)).position == 3  # the others are sealed all the same
    with pytest.raises(TrailBroken, match="line 3, which waited for its seal, is missing"):
        await verify(house.database)


async def test_a_line_that_is_said_to_wait_again_does_not_stop_the_sealer(house: House) -> None:
    await trail_of(house, 2)
    async with by_force(house) as connection:
        await connection.execute("insert into terrace.audit_unsealed (id) values (1)")
    await write(house, "S3")
    assert (await seal_all(house)).position == 3


REWRITTEN = "update terrace.audit set reason = 'another' where id = 3"


async def rewrite(house: House, statement: str, after: int) -> None:
    """Change something and seal everything after a position anew, as a careful enemy would."""
    async with by_force(house) as connection:
        await connection.execute(statement)
        await connection.execute(
            "insert into terrace.audit_unsealed (id) select audit_id from terrace.audit_seal "
            "where position > $1",
            after,
        )
        await connection.execute("delete from terrace.audit_seal where position > $1", after)
    await seal_all(house)


@pytest.mark.parametrize("kept", [3, 6])
async def test_a_chain_that_was_computed_anew_is_told_by_an_anchor_alone(
    house: House, kept: int
) -> None:
    await trail_of(house, kept)
    anchor = await chain_head(house.database)
    await trail_of(house, 6)
    assert (await verify(house.database, anchors=[anchor])).head.position == 6 + kept
    await rewrite(house, REWRITTEN, 2)
    await verify(house.database)  # by itself it is without a fault
    for after in (0, kept):
        with pytest.raises(TrailBroken, match=f"position {kept} has the hash .* computed anew"):
            await verify(house.database, after=after, anchors=[anchor])


async def test_an_end_that_was_cut_off_is_told_by_an_anchor_alone(house: House) -> None:
    anchor = await trail_of(house, 6)
    async with by_force(house) as connection:
        await connection.execute("""
            delete from terrace.audit where id > 4;
            delete from terrace.audit_seal where position > 4""")
    await verify(house.database)
    with pytest.raises(TrailBroken, match="ends at position 4, before the anchor 6: its end was"):
        await verify(house.database, anchors=[anchor])
    with pytest.raises(TrailBroken, match="the seal of position 6 is missing"):
        await verify(house.database, after=6)


async def test_it_goes_on_from_a_position(house: House) -> None:
    await trail_of(house, 6)
    seen: list[int] = []
    found = await verify(
        house.database, after=2, at_once=2, progress=lambda link, last: seen.append(link.position)
    )
    assert (seen, found.seals, found.head.position) == ([4, 6], 4, 6)
    async with by_force(house) as connection:
        await connection.execute(REWRITTEN)
    with pytest.raises(TrailBroken, match="line 3 was changed"):
        await verify(house.database, after=2)
    await verify(house.database, after=3)  # what lies before is not looked at


async def test_anchors_that_contradict_each_other_are_no_proof(house: House) -> None:
    head = await trail_of(house, 2)
    other: Sequence[Link] = [head, Link(head.position, bytes(32))]
    with pytest.raises(TrailBroken, match="two anchors of position 2 differ"):
        await verify(house.database, anchors=other)
    with pytest.raises(TrailBroken, match="position 0 has the hash"):
        await verify(house.database, anchors=[Link(0, b"\1" * 32)])
    assert (await verify(house.database, anchors=[BEGINNING, head])).head == head
