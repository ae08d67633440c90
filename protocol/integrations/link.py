# ruff: noqa: TID252 - the same files are installed under another name
"""One connection for a whole call: made anew where it is lost or its server drains."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ..client import ClientConnection, ConnectFailed, ConnectionLost

#: Before each attempt after the first: a server that restarts is back within 16 s, and a caller
#: waits no longer.
WAITS_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: A connection that lived as long is no failure of the attempt that made it.
STEADY_S = 5.0
#: 4xx that say "later"; any other says "never".
_LATER = frozenset({408, 425, 429})

Dial: TypeAlias = Callable[[], AbstractAsyncContextManager[ClientConnection]]


class Link:
    """A connection that is there again soon after it was lost, while `run` runs."""

    def __init__(
        self,
        dial: Dial,
        *,
        connected: Callable[[], Awaitable[None]],
        failed: Callable[[ConnectFailed | ConnectionLost], Awaitable[None]],
    ) -> None:
        """Dial with `dial`; tell `connected` and `failed` of each time that it went so."""
        self._dial = dial
        self._connected = connected
        self._failed = failed
        self._connection: ClientConnection | None = None
        self._gave_up: ConnectFailed | None = None
        self._changed = anyio.Event()

    async def connection(self) -> ClientConnection:
        """Wait for the connection that new streams belong on.

        Raises:
            ConnectFailed: there will be none.
        """
        # It may have gone in this very moment, and nobody has said so yet.
        while self._connection is None or self._connection.is_leaving:
            if self._gave_up is not None:
                raise ConnectFailed(*self._gave_up.args)
            await self._changed.wait()
        return self._connection

    async def run(self) -> ConnectFailed:
        """Keep a connection, and return why there is none any more, once nothing helps."""
        async with anyio.create_task_group() as tasks:
            await self._keep(tasks)
        assert self._gave_up is not None  # noqa: S101 `_keep` has waited for it
        return self._gave_up

    async def _keep(self, tasks: TaskGroup) -> None:
        num_failed = 0
        while self._gave_up is None:
            try:
                num_failed = await self._keep_one(tasks, num_failed)
            except (ConnectFailed, ConnectionLost) as error:
                num_failed = await self._wait_after(error, num_failed)

    async def _keep_one(self, tasks: TaskGroup, num_failed: int) -> int:
        connection: ClientConnection = await tasks.start(self._hold)
        began_s = anyio.current_time()
        self._offer(connection)
        try:
            await connection.wait_leaving()
        finally:
            self._offer(None)
        if anyio.current_time() - began_s >= STEADY_S:
            return 0
        return await self._wait_after(ConnectionLost("the connection did not last"), num_failed)

    async def _hold(self, *, task_status: TaskStatus[ClientConnection]) -> None:
        # Of a server that drains, the old streams end in peace beside the next connection.
        async with self._dial() as connection:
            await self._connected()
            task_status.started(connection)
            lost = await connection.wait_lost()
        await self._failed(lost)

    async def _wait_after(self, error: ConnectFailed | ConnectionLost, num_failed: int) -> int:
        if isinstance(error, ConnectFailed):
            await self._failed(error)
        if _is_hopeless(error) or num_failed >= len(WAITS_S):
            self._gave_up = error if isinstance(error, ConnectFailed) else ConnectFailed(str(error))
            self._offer(None)
            return num_failed
        asked_s = getattr(error, "retry_after_s", None) or 0.0
        await anyio.sleep(max(min(asked_s, WAITS_S[-1]), WAITS_S[num_failed]))
        return num_failed + 1

    def _offer(self, connection: ClientConnection | None) -> None:
        self._connection = connection
        self._changed.set()
        self._changed = anyio.Event()


def _is_hopeless(error: ConnectFailed | ConnectionLost) -> bool:
    status = getattr(error, "status_code", None) or 0
    return 400 <= status < 500 and status not in _LATER  # noqa: PLR2004 HTTP's own ranges
