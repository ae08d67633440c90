"""The engine in its thread, as a child of a task group."""

import time
from collections.abc import Sequence

from anyio import from_thread, to_thread

from engine.loop import EngineLoop
from engine.outputs import Output
from engine.runner import Runner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from server.admission import Admission
from server.engine_client import EngineClient

#: A step lasts tens of milliseconds, an idle engine beats every second: this long is dead.
HEARTBEAT_LIMIT_S = 10.0


class EngineThread:
    """Owns the thread; `client` is what the rest of the server uses."""

    def __init__(
        self, runner: Runner, limits: SchedulerLimits, *, max_calls: int, max_notes: int
    ) -> None:
        self._loop = EngineLoop(runner, Scheduler(runner.info, limits), self._deliver)
        self.client = EngineClient(runner.info, self._loop.put, Admission(max_calls, max_notes))

    @property
    def is_alive(self) -> bool:
        """Tell whether the thread has turned lately."""
        return not self.client.failed and time.monotonic() - self._loop.last_beat_s < (
            HEARTBEAT_LIMIT_S
        )

    async def run(self) -> None:
        """Run the thread until `stop`. Cancelling this task waits for the stop.

        Raises:
            Exception: whatever ended the engine; every open sequence has been told.
        """
        try:
            await to_thread.run_sync(self._loop.run)
        except Exception:
            self.client.fail("the engine has failed")
            raise

    def stop(self) -> None:
        """End the thread after the step in hand."""
        self._loop.stop()

    def _deliver(self, outputs: Sequence[Output]) -> None:
        # One hop for all rows of a step. It waits for the loop, so no more than one step of
        # outputs is ever under way.
        from_thread.run_sync(self.client.deliver, outputs)
