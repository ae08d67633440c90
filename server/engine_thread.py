"""The engine in its thread, as a child of a task group."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import anyio
from anyio import from_thread, to_thread

from engine.errors import EngineFailed
from engine.loop import HEARTBEAT_S, EngineLoop
from engine.outputs import Output
from engine.runner import Runner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.scheduling.step_times import StepTimeModel
from server.admission import Admission
from server.engine_client import EngineClient
from server.hop import poster

#: A step lasts tens of milliseconds, an idle engine beats every second: this long is dead.
WATCHDOG_S = 10.0
#: Looks and beats per limit: a hung engine is known at most this part of the limit too late.
_LOOKS = 10
#: Steps whose outputs are on their way to the event loop. With one the engine would wait for a busy
#: loop at every step; a loop that is this far behind should not be given more.
MAX_STEPS_UNDER_WAY = 4
#: Weights are loaded and steps measured within seconds; within minutes for a large model on a slow
#: disk. After this nobody believes in it any more.
PREPARE_LIMIT_S = 900.0


class EngineThread:
    """Owns the thread; `client` is what the rest of the server uses."""

    def __init__(
        self,
        runner: Runner,
        limits: SchedulerLimits,
        admission: Admission,
        *,
        times: StepTimeModel | None = None,
        prepare: Callable[[], None] = lambda: None,
        watchdog_s: float = WATCHDOG_S,
        prepare_limit_s: float = PREPARE_LIMIT_S,
    ) -> None:
        """Run `runner` within `limits`, in the thread in which `prepare` is called before.

        `times` says what its steps take.
        """
        self._prepare = prepare
        self._watchdog_s = watchdog_s
        self._prepare_limit_s = prepare_limit_s
        self._scheduler = Scheduler(runner.info, limits, times)
        heartbeat_s = min(HEARTBEAT_S, watchdog_s / _LOOKS)
        self._loop = EngineLoop(runner, self._scheduler, self._deliver, heartbeat_s=heartbeat_s)
        self.client = EngineClient(runner.info, self._loop.put, admission)
        self._under_way = threading.Semaphore(MAX_STEPS_UNDER_WAY)
        self._fault: Exception | None = None
        #: Set once the engine is prepared, or has failed.
        self.ready = anyio.Event()

    @property
    def num_sequences(self) -> int:
        """Count the sequences that the engine knows."""
        return self._scheduler.num_sequences

    @property
    def heartbeat_age_s(self) -> float:
        """Return how long ago the thread turned."""
        return time.monotonic() - self._loop.last_beat_s

    @property
    def is_alive(self) -> bool:
        """Tell whether the thread has turned lately."""
        return not self.client.failed and self.heartbeat_age_s < self._watchdog_s

    async def run(self) -> None:
        """Run the thread until `stop`. Cancelling this task leaves the thread to itself.

        Raises:
            Exception: whatever ended the engine; every open sequence has been told.
            EngineFailed: the engine hangs: its thread cannot be ended, the process must be.
        """
        self._post = poster()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch)
                # A thread that hangs is not waited for.
                await to_thread.run_sync(self._work, abandon_on_cancel=True)
                tasks.cancel_scope.cancel()
        except Exception:
            self.client.fail("the engine has failed")
            raise
        finally:
            self.ready.set()

    def stop(self) -> None:
        """End the thread after the step in hand."""
        self._loop.stop()

    def _work(self) -> None:
        self._prepare()
        # Whoever waited may have gone, and the loop with it.
        from_thread.check_cancelled()
        # Preparing may take longer than a step ever may, and nobody waits for it yet.
        self._loop.beat()
        from_thread.run_sync(self.ready.set)
        self._loop.run()

    async def _watch(self) -> None:
        with anyio.move_on_after(self._prepare_limit_s):
            await self.ready.wait()
        if not self.ready.is_set():
            raise EngineFailed(f"the engine was not ready after {self._prepare_limit_s:g} s")
        while self.heartbeat_age_s < self._watchdog_s:  # noqa: ASYNC110 a hang sets no event
            await anyio.sleep(self._watchdog_s / _LOOKS)
        raise EngineFailed(f"the engine has not turned for {self._watchdog_s:g} s")

    def _deliver(self, outputs: Sequence[Output]) -> None:
        """Hand the rows of a step over in one hop, and go on: the next step waits for nobody."""
        while not self._under_way.acquire(timeout=HEARTBEAT_S):
            from_thread.check_cancelled()
        if self._fault is not None:
            raise self._fault
        self._post(partial(self._hand_over, outputs))

    def _hand_over(self, outputs: Sequence[Output]) -> None:
        try:
            self.client.deliver(outputs)
        except Exception as error:  # noqa: BLE001 raised in the engine's thread, which it ends
            self._fault = error
        finally:
            self._under_way.release()
