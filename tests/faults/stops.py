"""Stopping a process between two chosen statements, by a trigger that counts what is written.

Before and after each writing statement a counter goes one up; at the number that is asked for, the
session sleeps, and its process can be killed there or others can be let past it.
"""

from typing import Any

from tests.faults.servers import World, until

TABLES = (
    *("account", "aum", "balance_update", "calendar", "close_chunk", "close_run"),
    *("correction", "customer", "dirty", "feed", "replayed_standing", "standing", "tier_change"),
)
_INSTALL = """
create schema if not exists harness;
create sequence harness.point;
create table harness.stop (at bigint);
create function harness.tick() returns trigger language plpgsql security definer as $$
declare
    point constant bigint := nextval('harness.point');
begin
    if exists (select from harness.stop where at = point) then
        perform pg_sleep(600);
    end if;
    return null;
end $$;
"""


class Stops:
    """The stopping points of one installation."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def install(self) -> None:
        connection = await self._world.connect()
        try:
            await connection.execute(_INSTALL)
            for table in TABLES:
                for when in ("before", "after"):
                    await connection.execute(
                        f"create trigger tick_{when} {when} insert or update or delete on "
                        f"terrace.{table} for each statement execute function harness.tick()"
                    )
        finally:
            await connection.close()

    async def at(self, *points: int) -> None:
        """Count anew, and stop at these points."""
        await self._world.fetch("select setval('harness.point', 1, false)")
        await self._world.fetch("delete from harness.stop")
        for point in points:
            await self._world.fetch("insert into harness.stop values ($1)", point)

    async def passed(self) -> int:
        """How many points were passed since."""
        row = (await self._world.fetch("select last_value, is_called from harness.point"))[0]
        return int(row["last_value"]) if row["is_called"] else 0

    async def stopped(self) -> list[Any]:
        """The sessions that sleep at a point now."""
        return await self._world.fetch("""select pid, client_port from pg_stat_activity
            where wait_event = 'PgSleep' and datname = 'terrace'""")

    async def reached(self, command: Any, seconds: float = 60.0) -> bool:
        """Wait until a session sleeps at a point or the command is over; whether one sleeps."""
        found: list[Any] = []

        async def either() -> bool:
            found[:] = await self.stopped()
            return bool(found) or command.returncode is not None

        await until(either, seconds, "the command neither stops nor ends")
        return bool(found)

    async def drop(self) -> None:
        """End the sleeping sessions, as their server would when it finds their client gone."""
        for row in await self.stopped():
            await self._world.fetch("select pg_terminate_backend($1, 5000)", row["pid"])

    async def release(self) -> None:
        """Let the sleeping sessions go on."""
        await self._world.fetch("delete from harness.stop")
        for row in await self.stopped():
            await self._world.fetch("select pg_cancel_backend($1)", row["pid"])
