"""What an application has still to take: hypercorn's queue, made to let go."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.config import Config
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, Scope

#: Nothing follows them.
_LAST = {"http.disconnect", "websocket.disconnect"}


class Inbox:
    """The events of one request or connection, so many at most.

    With hypercorn's own queue, a peer that sends more than is taken holds its connection for ever:
    the reader waits for room, and so does the last event, by which the stream would end.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._events: deque[ASGIReceiveEvent] = deque()
        self._changed = asyncio.Event()
        self._is_closed = False

    async def put(self, event: ASGIReceiveEvent) -> None:
        """Add an event, once there is room. The last one needs none; what comes later is lost."""
        is_last = event["type"] in _LAST
        while len(self._events) >= self._size and not (is_last or self._is_closed):
            await self._change()
        if not self._is_closed:
            self._events.append(event)
            self._is_closed = is_last
            self._changed.set()

    async def get(self) -> ASGIReceiveEvent:
        """Take the next event."""
        while not self._events:
            await self._change()
        self._changed.set()
        return self._events.popleft()

    def close(self) -> None:
        """Say that no more will be taken: nobody waits for room from here on."""
        self._is_closed = True
        self._changed.set()

    async def _change(self) -> None:
        # Everyone who waits looks anew, so one event does for all, again and again.
        self._changed.clear()
        await self._changed.wait()


class InboxTasks(TaskGroup):
    """Gives every application an `Inbox`, and closes it when the application ends."""

    async def spawn_app(
        self,
        app: AppWrapper,
        config: Config,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        """Start an application; return what hands it an event."""
        inbox = Inbox(config.max_app_queue_size)

        async def run(scope: Scope, _: object, *rest: Any) -> None:  # noqa: ANN401 hypercorn's own
            try:
                await app(scope, inbox.get, *rest)
            finally:
                inbox.close()

        # Hypercorn calls it by position.
        await super().spawn_app(run, config, scope, send)  # type: ignore[arg-type]
        return inbox.put
