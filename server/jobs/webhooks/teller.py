"""Calls the webhooks of jobs that have ended, until they answer or have not for too long.

Whoever is called may be called twice of one end: the `webhook-id` is the same then.
"""

import json
import logging

import anyio
import httpcore
from anyio.abc import TaskGroup

from server.jobs.desk import Desk
from server.jobs.job import JobRecord
from server.jobs.queue import QueueUnreachable, UnknownJob
from server.jobs.views import view
from server.jobs.webhooks.address import AddressRefused, PublicBackend
from server.jobs.webhooks.signature import headers

_log = logging.getLogger(__name__)

#: Whoever waits for the end of a note of seconds does not notice it.
LOOK_S = 1.0
#: At once. Each waits for a stranger, who may be silent, and costs a connection meanwhile.
MAX_CALLS = 64
#: Whoever has to think about it can do so after the answer.
CALL_TIMEOUT_S = 10.0
#: Until another process may call, too: longer than a call takes.
LEASE_S = 3 * CALL_TIMEOUT_S
#: The first pause; each is twice the one before.
FIRST_PAUSE_S = 5.0
#: With pauses of up to an hour and a half in the end: about three hours in all.
MAX_TRIES = 12
_OK = range(200, 300)
#: Whoever is there no more says so.
_GONE = 410
#: In a second.
_MS = 1_000


class Teller:
    """Tells of jobs that have ended."""

    def __init__(self, desk: Desk, key: bytes) -> None:
        """Sign with `key`, if there is one."""
        self._desk = desk
        self._key = key
        self._client = httpcore.AsyncConnectionPool(
            max_connections=MAX_CALLS,
            network_backend=PublicBackend(allows_private=desk.limits.allows_private),
        )
        self._num_calls = 0
        self._ended = anyio.Event()

    async def run(self) -> None:
        """Look and call, until cancelled."""
        async with self._client, anyio.create_task_group() as calls:
            while True:
                try:
                    await self._call_all(calls)
                except QueueUnreachable as error:
                    _log.warning("webhooks have to wait: %s", error)
                await anyio.sleep(LOOK_S)

    async def _call_all(self, calls: TaskGroup) -> None:
        """Begin calls while there are some to make, whenever there is room for one."""
        while due := await self._due():
            self._num_calls += len(due)
            for record in due:
                calls.start_soon(self._tell, record)
            while self._num_calls == MAX_CALLS:
                await self._ended.wait()

    async def _due(self) -> list[JobRecord]:
        now, room = self._desk.clock(), MAX_CALLS - self._num_calls
        return await self._desk.queue.take_notices(now=now, until=now + LEASE_S, limit=room)

    async def _tell(self, record: JobRecord) -> None:
        try:
            is_over = await self._call(record)
        finally:
            self._num_calls -= 1
            self._ended.set()
            self._ended = anyio.Event()
        tries = record.status.notices
        next_at = None if is_over or tries >= MAX_TRIES else self._next(tries)
        if next_at is None and not is_over:
            _log.warning("a webhook was given up after %d tries", tries)
        try:
            await self._desk.queue.noticed(record.job.id, next_at)
        except (QueueUnreachable, UnknownJob):
            # It is called once more when its lease ends, or was removed.
            _log.info("a webhook was called, and that could not be noted")

    def _next(self, tries: int) -> float:
        return self._desk.clock() + FIRST_PAUSE_S * 2.0 ** (tries - 1)

    async def _call(self, record: JobRecord) -> bool:
        """Call once; tell whether there is nothing more to do."""
        body = json.dumps({"type": f"note.{record.status.state.value}", "note": view(record)})
        signed = headers(self._key, _id_of(record), int(self._desk.clock()), body.encode())
        signed["Content-Type"] = "application/json"
        try:
            with anyio.fail_after(CALL_TIMEOUT_S):
                async with self._client.stream(
                    "POST",
                    record.job.webhook or "",
                    headers=list(signed.items()),
                    content=body.encode(),
                ) as answer:
                    # Its words do not matter, however many they are. No redirect is followed.
                    return answer.status in _OK or answer.status == _GONE
        except AddressRefused as error:
            _log.warning("a webhook is not called: %s", error)
            return True
        except (OSError, TimeoutError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            _log.info("a webhook has not answered: %s", type(error).__name__)
        except httpcore.TimeoutException:
            _log.info("a webhook has not answered in time")
        return False


def _id_of(record: JobRecord) -> str:
    """Return what tells one end of a job from another: it may have several, if it is sent again."""
    return f"{record.job.id}-{round((record.status.ended_at or 0.0) * _MS)}"
