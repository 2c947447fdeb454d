"""Clients of sockets in a process of their own, who come and go."""

import asyncio

from benchmarks.crowd import crowd

_QUERY = (
    '{"id": "q", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}}',
    '{"id": "2", "type": "subscribe", "payload": {"query": '
    '"subscription { tierChanged { cursor } }"}}',
    '{"id": "2", "type": "complete"}',
)


def come_and_go(port: int, token: str, times: int, aborted: bool) -> int:
    """Subscribe, ask, and leave, politely or not; how many did."""
    return asyncio.run(_come_and_go(port, token, times, aborted))


async def _come_and_go(port: int, token: str, times: int, aborted: bool) -> int:
    async with crowd(port, token, times) as found:
        for socket in found.sockets:
            for message in _QUERY:
                await socket.send(message)
        await asyncio.sleep(0.3)
        if not aborted:
            await asyncio.gather(*[socket.close() for socket in found.sockets])
        return len(found.sockets)
