"""An issuer's keys: fetched now and then, kept in a file, replaced as a whole.

The file lets a process start and admit while the issuer is away. What was fetched replaces all
that was known, so a key that the issuer withdraws is gone with the next look. Keys that could not
be confirmed for too long are not believed any more.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from api.issuer import VerifyingKey, verifying_key
from domain.claims import NotAdmitted

log = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"
AGAIN_SECONDS = 10.0
"""How long not to ask again for a name that nobody knows: callers invent as many as they like."""
_FETCH_SECONDS = 5.0
_LARGEST_BYTES = 512 * 1024
_MOST_KEYS = 100


class NoKeys(Exception):
    """The issuer's keys could not be had; the message says why."""


class PublishedKeys:
    """The keys that an issuer publishes, in one process. Enter it to keep them up to date."""

    def __init__(
        self,
        issuer: str,
        source: str | None,
        kept: Path,
        *,
        every_seconds: float,
        stale_seconds: float,
        write: Callable[[Path, str], None],
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe them.

        `source` is the address or file of the key set, None to find it by the issuer's discovery
        document; `kept` the file they are kept in, with `write` to replace it; they are looked at
        `every_seconds` and not believed when nobody could look for `stale_seconds`.
        """
        self._issuer = issuer
        self._source = source
        self._kept = kept
        self._every = every_seconds
        self._stale = stale_seconds
        self._write = write
        self._clock = clock
        self._ticks = ticks
        self._keys: list[VerifyingKey] = []
        self._seen_at = 0.0  # by the wall clock, for it outlives the process
        self._asked_at: float | None = None
        self._looking: asyncio.Task[None] | None = None
        self._away = False
        self._changes = 0

    @property
    def epoch(self) -> int:
        """Changes whenever other keys than before are believed, none at all included."""
        return -1 if self._too_old() else self._changes

    @asynccontextmanager
    async def kept_current(self) -> AsyncIterator[None]:
        """In the block they are looked at again and again."""
        await asyncio.to_thread(self._read_kept)
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            if self._looking is not None:
                self._looking.cancel()
            await asyncio.gather(
                watching, *([self._looking] if self._looking else []), return_exceptions=True
            )

    async def named(self, kid: str | None) -> list[VerifyingKey]:
        """The keys of that name, or all; raises NotAdmitted if no key can be believed now."""
        found = self._find(kid)
        if not found or self._too_old():
            under_way = self._looking is not None and not self._looking.done()
            due = self._asked_at is None or self._ticks() - self._asked_at >= AGAIN_SECONDS
            if under_way or due:
                await self.look()
                found = self._find(kid)
        if self._too_old():
            raise NotAdmitted("the issuer's keys are not known at the moment")
        return found

    async def look(self) -> None:
        """Ask the issuer once; whoever asks meanwhile waits for the same answer. Never raises."""
        if self._looking is None or self._looking.done():
            self._asked_at = self._ticks()
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    def _too_old(self) -> bool:
        return self._clock() - self._seen_at > self._stale

    def _find(self, kid: str | None) -> list[VerifyingKey]:
        return [key for key in self._keys if kid is None or key.kid == kid]

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._every if not self._away else min(self._every, AGAIN_SECONDS))

    async def _look(self) -> None:
        try:
            document = await self._document()
            keys = _keys_of(document)
            if keys != self._keys:
                log.info("the issuer publishes the keys %s", ", ".join(key.kid for key in keys))
                self._changes += 1
            self._keys, self._seen_at = keys, self._clock()
            if self._away:
                log.info("the issuer's keys can be had again")
            self._away = False
        except Exception as error:  # whatever it was: the next look may find what this one did not
            if not self._away:
                log.warning("the issuer's keys cannot be had: %s", error or type(error).__name__)
            self._away = True
            return
        try:
            kept = {**document, "issuer": self._issuer, "seen_at": self._seen_at}
            await asyncio.to_thread(self._write, self._kept, orjson.dumps(kept).decode())
        except (OSError, TypeError) as error:
            log.warning("the issuer's keys cannot be kept in %s: %s", self._kept.name, error)

    def _read_kept(self) -> None:
        try:
            kept = orjson.loads(self._kept.read_bytes())
            if kept["issuer"] == self._issuer and kept["seen_at"] <= self._clock():
                self._keys, self._seen_at = _keys_of(kept), float(kept["seen_at"])
        except FileNotFoundError:
            pass
        except (NoKeys, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("the kept keys in %s are not readable: %s", self._kept.name, error)

    async def _document(self) -> dict[str, Any]:
        """The JWK set as the issuer has it now."""
        if self._source is not None and urlsplit(self._source).scheme not in ("http", "https"):
            return _object(await asyncio.to_thread(Path(self._source).read_bytes))
        async with httpx.AsyncClient(timeout=_FETCH_SECONDS, follow_redirects=False) as client:
            address = self._source or await self._discovered(client)
            return _object(await _fetched(client, address))

    async def _discovered(self, client: httpx.AsyncClient) -> str:
        """Where the discovery document says that the keys are (OpenID Connect Discovery 1.0)."""
        found = _object(await _fetched(client, self._issuer.rstrip("/") + DISCOVERY))
        if found.get("issuer") != self._issuer:
            raise NoKeys("the discovery document is of another issuer")
        address = found.get("jwks_uri")
        if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https"):
            raise NoKeys("the discovery document names no jwks_uri")
        if urlsplit(self._issuer).scheme == "https" and urlsplit(address).scheme != "https":
            raise NoKeys("the discovery document leads away from https")
        return address


async def _fetched(client: httpx.AsyncClient, address: str) -> bytes:
    async with asyncio.timeout(_FETCH_SECONDS), client.stream("GET", address) as answer:
        if answer.status_code != httpx.codes.OK:
            raise NoKeys(f"{urlsplit(address).path} answers {answer.status_code}")
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST_BYTES:
                raise NoKeys(f"{urlsplit(address).path} is too large")
        return body


def _object(body: bytes) -> dict[str, Any]:
    found = orjson.loads(body)
    if not isinstance(found, dict):
        raise NoKeys("not a JSON object")
    return found


def _keys_of(document: dict[str, Any]) -> list[VerifyingKey]:
    members = document.get("keys")
    if not isinstance(members, list) or len(members) > _MOST_KEYS:
        raise NoKeys("not a JWK set")
    keys = [key for key in map(verifying_key, members) if key is not None]
    if not keys:  # an answer as well, and the issuer's own: nobody is to be admitted by them
        log.error("the issuer publishes no key for RS256, ES256 or EdDSA")
    return keys
