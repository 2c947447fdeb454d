"""The leaky buckets of all API processes, in Redis: one call for many of them.

A bucket is a hash of what is in it and of when that was so, by Redis' own clock, and goes by itself
when it has leaked. Nothing here is true longer than a minute; what is lost with Redis are limits,
never work.
"""

import contextlib
import logging
import secrets
from asyncio import timeout
from collections.abc import Sequence
from typing import Any

from arq.connections import ArqRedis, create_pool
from redis.exceptions import RedisError

from repository.outage import Outage
from workers.wakeups import SILENCE_SECONDS, redis_settings

log = logging.getLogger(__name__)
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 5)
redis.call('PEXPIRE', KEYS[1], 60000)
local answer = {redis.call('ZCARD', KEYS[1])}
for i = 2, #KEYS do
  local limit = tonumber(ARGV[i * 3 - 4])
  local poured = tonumber(ARGV[i * 3 - 3])
  local wanted = tonumber(ARGV[i * 3 - 2])
  local kept = redis.call('HMGET', KEYS[i], 'level', 'at')
  local level = tonumber(kept[1] or 0)
  local at = tonumber(kept[2] or now)
  level = math.max(0, level - limit / 60 * math.max(0, now - at)) + poured
  local granted = 0
  if wanted > 0 and level + math.min(wanted, limit) <= limit then
    level = level + wanted
    granted = 1
  end
  redis.call('HSET', KEYS[i], 'level', string.format('%.6f', level),
    'at', string.format('%.6f', now))
  redis.call('PEXPIRE', KEYS[i], math.ceil(level / limit * 60000) + 1000)
  answer[#answer + 1] = granted
  answer[#answer + 1] = math.ceil(level * 1000000)  -- integers are what a script can answer
end
return answer
"""


class RedisBuckets:
    """The store of `api.buckets`; every process has one, and is counted by it."""

    def __init__(self, redis_url: str, installation: str) -> None:
        """Describe it; the connection is made when it is needed."""
        self._settings = redis_settings(redis_url)
        self._prefix = f"{{{installation}}}:limits:"  # in braces: one slot of a Redis of several
        self._process = secrets.token_hex(8)
        self._pool: ArqRedis | None = None
        self._script: Any = None
        self._outage = Outage(log, "sharing limits (each process holds its share meanwhile)")

    async def settle(
        self, pours: Sequence[tuple[str, int, float, float]]
    ) -> tuple[int, list[tuple[bool, float]]]:
        """Pour into buckets, each by its key, its limit, what was poured and what is wanted.

        How many processes have settled in the last 5 s, and of each bucket whether the wanted fit
        and what is in it now. Raises ConnectionError when Redis does not answer.
        """
        keys = [f"{self._prefix}processes"]
        arguments: list[str | float] = [self._process]
        for key, limit, poured, wanted in pours:
            keys.append(self._prefix + key)
            arguments += [limit, poured, wanted]
        try:
            async with timeout(SILENCE_SECONDS):
                if self._pool is None:
                    self._pool = await create_pool(self._settings)
                    self._script = self._pool.register_script(_SCRIPT)
                answer = await self._script(keys=keys, args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            await self.close()
            raise ConnectionError("Redis does not answer") from error
        pairs = zip(answer[1::2], answer[2::2], strict=True)
        return answer[0], [(granted == 1, level / 1_000_000) for granted, level in pairs]

    def told(self, error: Exception | None) -> None:
        """Say in the log that Redis is away, and that it is back."""
        if error is None:
            self._outage.is_over()
        else:
            self._outage.lasts(error.__cause__ or error)

    async def close(self) -> None:
        """Leave Redis."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with timeout(SILENCE_SECONDS):
                    await pool.aclose()
