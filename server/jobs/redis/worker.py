"""streaq's worker, held to what we promise: it outlives Redis, and claims what it can run."""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from streaq import Worker
from streaq.constants import REDIS_GROUP
from streaq.types import StreamMessage, Streaq

from server.jobs.redis.connection import (
    ANSWER_S,
    CONNECT_S,
    FAILURES,
    LAST_PAUSE_S,
    pauses,
    reason_of,
)
from server.jobs.redis.task_end import RunTask, TaskEnd
from server.jobs.redis.tasks import FUNCTION, functions, messages, settings

#: Whoever has nothing to do looks so often for what was given back. What is new wakes it at once.
LOOK_S = 0.5
#: Of a lease, so that it is not lost by being late once.
_RENEWALS = 3
#: Redis is asked at least at each renewal. If it has not answered for so much longer, it was away.
_AWAY_S = 1.0
#: Whoever lives has renewed its leases by then: it has waited, connected, and been answered.
_RETURN_S = LAST_PAUSE_S + CONNECT_S + ANSWER_S
#: No task is silent for so long.
_NEVER_MS = 1 << 40

_log = logging.getLogger(__name__)


class NoteWorker(Worker[None]):
    """A worker of streaq that is held to more.

    * It claims what there is a free slot for, and nothing ahead.
    * Where Redis fails it tries again, and leaves alone what runs meanwhile.
    * A task that has become somebody else's is left to them.
    * Nobody is taken for dead because Redis was away.
    * Signals are left to the process, which drains first.
    """

    def __init__(
        self, url: str, queue_name: str, run_task: RunTask, slots: int, lease_s: float
    ) -> None:
        super().__init__(
            url,
            # The blocking read may last for `LOOK_S` longer than any other.
            redis_kwargs={"connect_timeout": CONNECT_S, "stream_timeout": ANSWER_S + LOOK_S},
            concurrency=slots,
            idle_timeout=lease_s,
            **settings(queue_name),
        )
        self._unbegun: set[StreamMessage] = set()
        self._begun: set[StreamMessage] = set()
        self._freed = anyio.Event()
        self._heard_at = anyio.current_time()
        #: From when on a lease that has run out says that its holder is dead.
        self._judges_at = -math.inf
        self.task(name=FUNCTION, max_tries=None, timeout=None, ttl=0, silent=True)(run_task)

    async def run_until_cancelled(self) -> None:
        """Run tasks. Once this is cancelled, what is done with them is still told to Redis."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._stop_when_cancelled)
            # Its connections are children of what is cancelled here.
            with anyio.CancelScope(shield=True) as self._scope:
                await self.run_async()
            tasks.cancel_scope.cancel()

    async def _stop_when_cancelled(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self._scope.cancel()

    async def signal_handler(self, scope: anyio.CancelScope) -> None:
        """Do nothing: streaq would take SIGTERM from the process, whatever it is told."""

    async def producer(
        self,
        queue: MemoryObjectSendStream[StreamMessage],
        limiter: anyio.CapacityLimiter,  # noqa: ARG002 streaq's own
        scope: anyio.CancelScope,
    ) -> None:
        """Claim tasks, whenever there is a free slot. All ends where `scope` is cancelled."""
        self._scope = scope
        try:
            with queue:
                await self._tirelessly(lambda: self._claim(queue))
        finally:
            await self._give_back()

    async def run_consumers(
        self,
        receive: MemoryObjectReceiveStream[StreamMessage],
        *args: Any,  # noqa: ANN401 streaq's own
        **kwargs: Any,  # noqa: ANN401 the same
    ) -> None:
        """Run what was claimed, until cancelled."""
        try:
            with receive:
                await super().run_consumers(receive, *args, **kwargs)
        finally:
            await self._give_back()

    async def schedule_delayed_tasks(self) -> None:
        """Put what was postponed back in line when it is time."""
        await self._tirelessly(super().schedule_delayed_tasks)

    async def renew_idle_timeouts(self, scope: anyio.CancelScope) -> None:
        """Keep the leases of what runs, until `scope` is cancelled."""
        renew = super().renew_idle_timeouts

        async def renew_often() -> None:
            while True:
                await self.redis.ping()
                self._hear()
                # streaq's own pace leaves a tenth of a lease for being late.
                with anyio.move_on_after(self.idle_timeout / 1_000 / _RENEWALS):
                    await renew(anyio.CancelScope())

        with scope:
            await self._tirelessly(renew_often)

    async def run_task(self, msg: StreamMessage) -> None:
        """Run a task. Where Redis fails its lease runs out, and somebody takes it up again."""
        self._unbegun.discard(msg)
        self._begun.add(msg)
        with anyio.CancelScope(shield=True):
            try:
                await super().run_task(msg)
            except FAILURES as error:
                _log.warning("a task is left to its lease: %s", reason_of(error))
        self._begun.discard(msg)
        self._freed.set()

    async def finish_task(self, msg: StreamMessage, **end: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        """Do with a task what its run says."""
        if end["return_value"] is TaskEnd.LOST:
            return
        if end["return_value"] is TaskEnd.RELEASED:
            end |= {"finish": False, "schedule": None}
        end["return_value"] = None
        await super().finish_task(msg, **end)

    async def _tirelessly(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, which does not end by itself, again and again where Redis fails."""
        waits = pauses()
        while True:
            began = anyio.current_time()
            try:
                await work()
            except FAILURES as error:
                _log.warning("Redis failed a worker: %s", reason_of(error))
            if anyio.current_time() - began > self.idle_timeout / 1_000:
                waits = pauses()
            await anyio.sleep(next(waits))

    async def _claim(self, queue: MemoryObjectSendStream[StreamMessage]) -> None:
        lib = await self._prepared()
        self._hear()
        while True:
            self._freed = anyio.Event()
            num_free = self.concurrency - len(self._unbegun) - len(self._begun)
            if not num_free:
                await self._freed.wait()
                continue
            # Claimed and not heard of, it would wait for its lease to run out.
            with anyio.CancelScope(shield=True):
                found = await lib.read_streams(
                    self.stream_key,
                    REDIS_GROUP,
                    self.id,
                    num_free,
                    self._lease_ms(),
                    *self.priorities,
                )
                self._hear()
                for msg in messages(found or {}, self.stream_key):
                    # Its renewal may have been late, and it was taken from nobody but ourselves.
                    if msg not in self._begun | self._unbegun:
                        self._unbegun.add(msg)
                        queue.send_nowait(msg)
            if not found:
                await self._news()

    def _lease_ms(self) -> int:
        """Return for how long the holder of a task must have been silent to be dead."""
        return self.idle_timeout if anyio.current_time() >= self._judges_at else _NEVER_MS

    def _hear(self) -> None:
        """Note that Redis has answered."""
        now = anyio.current_time()
        if now - self._heard_at > self.idle_timeout / 1_000 / _RENEWALS + _AWAY_S:
            # Nobody could renew a lease. Everybody does as soon as they find Redis again.
            self._judges_at = now + _RETURN_S
        self._heard_at = now

    async def _prepared(self) -> Streaq:
        """Make sure that Redis knows the functions and the groups: it may have been emptied."""
        lib = await Streaq(self.redis, code=await functions(), replace=True)
        await lib.create_groups(self.stream_key, REDIS_GROUP, *self.priorities)
        return lib

    async def _news(self) -> None:
        """Wait until a task is published, for a while. One that comes too early is found later."""
        streams = {self.stream_key + priority: "$" for priority in self.priorities}
        await self.redis.xread(streams, count=1, block=round(LOOK_S * 1_000))

    async def _give_back(self) -> None:
        """Let others have what was claimed and not begun."""
        with anyio.CancelScope(shield=True):
            while self._unbegun:
                msg = self._unbegun.pop()
                try:
                    await self.redis.xclaim(
                        self.stream_key + msg.priority,
                        REDIS_GROUP,
                        self.id,
                        0,
                        [msg.message_id],
                        justid=True,
                        idle=self.idle_timeout,
                    )
                except FAILURES as error:
                    _log.warning("a task is left to its lease: %s", reason_of(error))
