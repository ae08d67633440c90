"""The fake of the upper seam: `EngineThread` without its thread, stepped on the event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import anyio

from engine.commands import Command
from engine.outputs import Output
from engine.runner import Runner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.steps import StepPlan
from server.admission import Admission
from server.engine_client import EngineClient
from tests.helpers.virtual_engine import STEP_S, instant_tone


class Engine(Protocol):
    """What the composition root sees of an engine."""

    client: EngineClient

    @property
    def is_alive(self) -> bool: ...

    async def run(self) -> None: ...

    def stop(self) -> None: ...


_E = TypeVar("_E", bound=Engine)


@asynccontextmanager
async def running(engine: _E) -> AsyncIterator[_E]:
    """Run the engine while the block runs."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run)
        try:
            yield engine
        finally:
            engine.stop()


class VirtualEngineThread:
    """Every step takes `STEP_S` of the loop's time, which costs nothing where time is virtual."""

    def __init__(
        self,
        runner: Runner | None = None,
        limits: SchedulerLimits | None = None,
        *,
        max_calls: int = 8,
        max_notes: int = 8,
    ) -> None:
        self._runner = runner or instant_tone()
        self._admission = Admission(max_calls, max_notes)
        self.scheduler = Scheduler(self._runner.info, limits or SchedulerLimits())
        self.client = EngineClient(self._runner.info, self._put, self._admission)
        self._commands: list[Command] = []
        self._changed = anyio.Event()
        self._stopped = False

    @property
    def is_alive(self) -> bool:
        return not self.client.failed

    async def run(self) -> None:
        try:
            while not self._stopped:
                await self._turn()
        except Exception:
            self.client.fail("the engine has failed")
            raise
        finally:
            self._runner.close()

    def stop(self) -> None:
        self._stopped = True
        self._changed.set()

    async def _turn(self) -> None:
        outputs = self._take_commands()
        outputs += self.scheduler.release_held_text(anyio.current_time())
        plan = self.scheduler.plan(anyio.current_time())
        if plan:
            outputs += await self._step(plan)
        self.client.deliver(outputs)
        if not plan.rows:
            await self._wait()

    async def _step(self, plan: StepPlan) -> list[Output]:
        await anyio.sleep(STEP_S)
        result = self._runner.run(plan)
        cancelled = self._take_commands()
        return cancelled + self.scheduler.apply(result, anyio.current_time())

    async def _wait(self) -> None:
        wake_s = self.scheduler.wake_s()
        patience_s = None if wake_s is None else wake_s - anyio.current_time()
        with anyio.move_on_after(patience_s):
            await self._changed.wait()
        self._changed = anyio.Event()

    def _take_commands(self) -> list[Output]:
        commands, self._commands = self._commands, []
        now_s = anyio.current_time()
        return [output for c in commands for output in self.scheduler.handle(c, now_s)]

    def _put(self, command: Command) -> None:
        self._commands.append(command)
        self._changed.set()
