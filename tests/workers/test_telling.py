"""What is told of a worker's looks for work: what came of them, and that an end is no failure."""

import asyncio

import pytest

from telemetry.doing import CURRENT
from telemetry.figures import PASSES
from telemetry.meters import METERS
from workers.telling import told_pass


def counted() -> dict[str, float]:
    results = ("worked", "idle", "failed")
    return {result: METERS.cells[PASSES.at("relay", result)] for result in results}


@pytest.mark.parametrize(("done", "result"), [(3, "worked"), (0, "idle"), (None, "failed")])
async def test_a_look_is_counted_by_what_came_of_it(done: int | None, result: str) -> None:
    async def work() -> int:
        doing = CURRENT.get()
        assert doing is not None
        assert (doing.label, doing.operation) == ("job_id", "relay")
        if done is None:
            raise ValueError
        return done

    before = counted()
    look = asyncio.create_task(told_pass("relay", work, [], logs=False))
    await asyncio.wait([look])
    assert isinstance(look.exception(), ValueError) is (done is None)
    assert {
        name: value - before[name] for name, value in counted().items() if value != before[name]
    } == {result: 1}


async def test_a_look_that_is_told_to_stop_has_not_failed() -> None:
    before = counted()
    look = asyncio.create_task(told_pass("relay", asyncio.Event().wait, [], logs=False))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    assert counted()["failed"] == before["failed"]
