"""The way to Redis: a bounded number of connections, and one error for all that can go wrong."""

import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import anyio
from anyio.abc import TaskStatus
from coredis import Config, Redis
from coredis.exceptions import RedisError

from server.jobs.queue import QueueUnreachable

#: A connection is made within milliseconds, even to another zone.
CONNECT_S = 2.0
#: Redis answers within milliseconds; after a stall of its disk, within seconds.
ANSWER_S = 4.0
#: Asked at once. More would wait for each other in Redis, which does one thing at a time.
MAX_ASKING = 32
#: The pool never runs dry: whoever waits in it and leaves takes its wakening along.
_MAX_CONNECTIONS = 2 * MAX_ASKING
#: After a failure it is tried again so soon, …
_FIRST_PAUSE_S = 0.1
#: … and later at this pace: a Redis that has returned is noticed within seconds.
LAST_PAUSE_S = 3.0

#: What coredis raises where Redis is not there, does not answer, refuses, or has just left.
FAILURES = (
    RedisError,
    TimeoutError,
    OSError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)

# It would check each of our requests against the signature of its command, which costs as much as
# the request. Ours are checked by the tests.
Config.optimized = True

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Ask(Protocol):
    """`Connection.ask`, or another that is as stubborn as it should be."""

    def __call__(self, work: Callable[[Redis[bytes]], Awaitable[_T]], /) -> Awaitable[_T]:
        """Return what `work` makes of the client."""
        ...


class Connection:
    """A Redis, for as long as `connected` lasts."""

    def __init__(self, client: Redis[bytes]) -> None:
        self._client = client
        self._limiter = anyio.CapacityLimiter(MAX_ASKING)
        self.is_closed = False

    async def ask(self, work: Callable[[Redis[bytes]], Awaitable[_T]]) -> _T:
        """Return what `work` makes of the client. Once it has begun it is not cancelled.

        Raises:
            QueueUnreachable: see there. What was asked for may have been done.
        """
        async with self._limiter:
            if self.is_closed:
                raise QueueUnreachable("the connection is closed")
            # A request that is cancelled would take its connection along.
            with anyio.CancelScope(shield=True):
                answer = await self._answer(work)
        return answer

    async def _answer(self, work: Callable[[Redis[bytes]], Awaitable[_T]]) -> _T:
        try:
            return await work(self._client)
        except FAILURES as error:
            if isinstance(error, TimeoutError):
                # Others would wait as long for the same connections.
                self._client.connection_pool.disconnect()
            _log.warning("Redis failed: %s", reason_of(error))
            # What coredis raises quotes the request, and with it the text of notes.
            raise QueueUnreachable(reason_of(error)) from None

    async def ask_until_answered(self, work: Callable[[Redis[bytes]], Awaitable[_T]]) -> _T:
        """Ask again until Redis can be reached, or this is cancelled.

        Raises:
            QueueUnreachable: the connection is closed.
        """
        waits = pauses()
        while True:
            try:
                return await self.ask(work)
            except QueueUnreachable:
                if self.is_closed:
                    raise
                await anyio.sleep(next(waits))


def reason_of(error: BaseException) -> str:
    """Return what Redis or the network says, without the request that it says it of."""
    return str(error).rpartition(" caused error: ")[2] or type(error).__name__


def pauses() -> Iterator[float]:
    """Yield for how long to wait after each failure in a row, in seconds, without end."""
    pause_s = _FIRST_PAUSE_S
    while True:
        # Spread, so that not all processes return at once.
        yield pause_s * random.uniform(0.5, 1.0)  # noqa: S311 no secret
        pause_s = min(2 * pause_s, LAST_PAUSE_S)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Open the way to the Redis at `url`, which need not be there yet."""
    client = Redis.from_url(
        url,
        decode_responses=False,
        max_connections=_MAX_CONNECTIONS,
        connect_timeout=CONNECT_S,
        stream_timeout=ANSWER_S,
    )
    connection = Connection(client)
    leaving = anyio.Event()

    async def keep(*, task_status: TaskStatus[None]) -> None:
        # Whoever is cancelled outside of this may still say what becomes of what it did.
        with anyio.CancelScope(shield=True):
            async with client:
                task_status.started()
                await leaving.wait()

    async with anyio.create_task_group() as tasks:
        await tasks.start(keep)
        try:
            yield connection
        finally:
            connection.is_closed = True
            leaving.set()
