"""How a server ends: by a signal after a drain, by a second one at once, by its engine's death."""

import logging
import signal
from collections.abc import AsyncIterator

import anyio

from engine.errors import ModelUnavailable
from server.commands.errors import first_cause
from server.drain import Drain
from server.engine_thread import EngineThread
from server.transport.guards import abort_connections

_log = logging.getLogger(__name__)

#: A client that reads has read its last messages by then.
FAREWELL_S = 1.0
#: What the connections that are closed still have to send has left by then, or has no reader.
CLOSING_S = 1.0
#: What a shell says of a process that a signal ended: this and the signal's number.
_BY_SIGNAL = 128


class Lifetime:
    """The end of one server. `status` is the process's exit status."""

    def __init__(self, drain: Drain, drain_s: float) -> None:
        """Give open work `drain_s` seconds when asked to end."""
        self._drain = drain
        self._drain_s = drain_s
        self._stopped = anyio.Event()
        self._signal = 0
        self.status = 0

    async def stopped(self) -> None:
        """Wait until the web server has to stop."""
        await self._stopped.wait()

    async def is_ready(self, engine: EngineThread) -> bool:
        """Wait for the engine, and tell whether it came before the end did.

        If not, nothing was served, and the signal's is the status.
        """
        async with anyio.create_task_group() as tasks:

            async def wait_for(event: anyio.Event) -> None:
                await event.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(wait_for, engine.ready)
            tasks.start_soon(wait_for, self._stopped)
        if not engine.ready.is_set():
            self.status = _BY_SIGNAL + self._signal
        return engine.ready.is_set()

    async def watch_signals(self) -> None:
        """End on SIGTERM or SIGINT: the first one politely, the second one at once."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            self._signal = await anext(signals)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end, self._drain_s)
                await self._end_at_once(signals)

    async def run_engine(self, engine: EngineThread) -> None:
        """Run the engine. Its death is the server's, after its clients were told."""
        try:
            await engine.run()
        except Exception as error:  # noqa: BLE001 whatever it was, it is said and the server ends
            cause = first_cause(error)
            # What was found wrong before anything was served says itself what to change.
            is_explained = isinstance(cause, ModelUnavailable)
            _log.critical("the engine has failed: %s", cause, exc_info=not is_explained)
            self.status = 1
            # Every stream has been told already; its connection only has to say so.
            await self._end(FAREWELL_S)

    async def _end(self, drain_s: float) -> None:
        await self._drain.run(drain_s, FAREWELL_S)
        self._stopped.set()
        await anyio.sleep(CLOSING_S)
        abort_connections()

    async def _end_at_once(self, signals: AsyncIterator[signal.Signals]) -> None:
        number = await anext(signals)
        self.status = _BY_SIGNAL + number
        self._stopped.set()
        abort_connections()
