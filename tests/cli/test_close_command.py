"""`terrace close` beside others who close."""

import pytest

from cli.commands import close
from domain.actors import Actor
from domain.months import Month
from repository.closing import CloseRun, request_close
from repository.database import Database
from settings import Settings
from tests.house import House


async def test_months_another_closer_was_first_to_close_are_passed_over(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-05", "1.00"))

    async def late(
        database: Database, month: Month, actor: Actor, override: str | None = None
    ) -> CloseRun:
        if month == Month(2025, 2):
            await house.close("2025-02")
        return await request_close(database, month, actor, override)

    monkeypatch.setattr(close, "request_close", late)
    await close._close(house.database, Settings(), Month(2025, 3), single=False)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "2025-01 closed: 4 customers, 0 tier changes",
        "2025-02 is closed",
        "2025-03 closed: 4 customers, 0 tier changes",
    ]
