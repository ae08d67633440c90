"""Reads the takes that are followed here: one task, and one request at a time, for all of them."""

from collections import defaultdict

import anyio
from coredis import Redis

from server.jobs.queue import QueueUnreachable
from server.jobs.redis import audio
from server.jobs.redis.connection import Connection
from server.jobs.redis.listener import MAX_PIECES, Listener
from server.jobs.relay import RelayUnreachable
from server.jobs.spool import SpoolAbandoned

#: Whoever begins to listen while nothing is said waits for no longer than this.
_LOOK_S = 0.1


class Reader:
    """Feeds listeners. One waits for a take that is not there for `patience_s`."""

    def __init__(self, connection: Connection, patience_s: float) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self._listeners: set[Listener] = set()
        self._came = anyio.Event()

    def add(self, listener: Listener) -> None:
        """Read for a listener from now on."""
        self._listeners.add(listener)
        self._came.set()

    def remove(self, listener: Listener) -> None:
        """Read for it no more."""
        self._listeners.discard(listener)

    async def run(self) -> None:
        """Read for all who listen, until cancelled."""
        while True:
            if not self._listeners:
                self._came = anyio.Event()
                await self._came.wait()
            by_key: defaultdict[str, list[Listener]] = defaultdict(list)
            for listener in self._listeners:
                if listener.wants_more:
                    by_key[listener.key].append(listener)
            if not by_key:
                await anyio.sleep(_LOOK_S)
                continue
            try:
                await self._read(by_key)
            except QueueUnreachable as error:
                for listener in self._listeners:
                    listener.fail(RelayUnreachable(str(error)))
                self._listeners.clear()

    async def _read(self, by_key: dict[str, list[Listener]]) -> None:
        async def read(client: Redis[bytes]) -> set[str]:
            starts = {
                key: audio.after(min(each.read_to for each in listeners))
                for key, listeners in by_key.items()
            }
            found = await client.xread(starts, count=MAX_PIECES, block=round(_LOOK_S * 1_000))
            for key, entries in (found or {}).items():
                pieces = [audio.piece(entry) for entry in entries]
                for listener in by_key[key.decode()]:
                    listener.feed(pieces)
            silent = [key for key in by_key if key.encode() not in (found or {})]
            return await _missing(client, silent)

        for key in await self._connection.ask(read):
            for listener in by_key[key]:
                is_late = anyio.current_time() - listener.since >= self._patience_s
                if listener.is_seen or is_late:
                    listener.fail(SpoolAbandoned())
                    self.remove(listener)


async def _missing(client: Redis[bytes], keys: list[str]) -> set[str]:
    if not keys:
        return set()
    async with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.exists([key])
    return {key for key, count in zip(keys, pipe.results or (), strict=True) if not count}
