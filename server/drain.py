"""The end of a server: no new work, time for the old, and a last moment for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import anyio

from protocol.codes import ErrorCode
from server.errors import RequestError

#: A new server is up by then, or a load balancer has taken this one out.
RETRY_AFTER_S = 5.0


class Worker(Protocol):
    """Something that must end before the server can: a connection, a note, a voice being made."""

    def drain(self, deadline_s: float) -> None:
        """Hear that no new work is taken, and that what is open has `deadline_s` seconds."""
        ...

    def cut(self) -> None:
        """End now, telling whoever listens."""
        ...


class WorkInHand:
    """A request over HTTP, which has no word for a server that goes away."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        """Stand for the work in `scope`."""
        self._scope = scope

    def drain(self, deadline_s: float) -> None:
        """Go on."""

    def cut(self) -> None:
        """Leave the answer without its end."""
        self._scope.cancel()


class Onlooker:
    """Somebody who only watches, for hours maybe, and asks another server as soon as this ends."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        """Stand for what is shown in `scope`."""
        self._scope = scope

    def drain(self, deadline_s: float) -> None:
        """End, and not only then."""
        del deadline_s
        self._scope.cancel()

    def cut(self) -> None:
        """Do what `drain` has done."""


class Drain:
    """Whether the server takes new work, and whom it waits for once it does not."""

    def __init__(self) -> None:
        self._workers: set[Worker] = set()
        self._finished = anyio.Event()
        self._ends_s: float | None = None

    @property
    def has_begun(self) -> bool:
        """Tell whether new work is refused."""
        return self._ends_s is not None

    def check(self) -> None:
        """Refuse new work where it may not begin any more.

        Raises:
            RequestError: `draining`, with `retry_after_s`.
        """
        if self.has_begun:
            raise RequestError(
                ErrorCode.DRAINING, "the server is going away", retry_after_s=RETRY_AFTER_S
            )

    @contextmanager
    def working(self, worker: Worker) -> Iterator[None]:
        """Count `worker` as at work inside the block."""
        self._workers.add(worker)
        try:
            # It was let in before the drain began, and was not there when the others were told.
            if self._ends_s is not None:
                worker.drain(max(self._ends_s - anyio.current_time(), 0.0))
            yield
        finally:
            self._workers.discard(worker)
            if self.has_begun and not self._workers:
                self._finished.set()

    async def run(self, deadline_s: float, farewell_s: float) -> None:
        """Drain: wait up to `deadline_s` for all work to end, then cut it and wait `farewell_s`."""
        self._ends_s = anyio.current_time() + deadline_s
        for worker in list(self._workers):
            worker.drain(deadline_s)
        with anyio.move_on_after(deadline_s if self._workers else 0.0):
            await self._finished.wait()
        for worker in list(self._workers):
            worker.cut()
        with anyio.move_on_after(farewell_s if self._workers else 0.0):
            await self._finished.wait()
