"""The engine's one thread: drain, plan, run, apply, deliver."""

import time
from collections.abc import Callable, Sequence

from engine.commands import Cancel, Command
from engine.mailbox import Mailbox
from engine.outputs import Output
from engine.runner import Runner
from engine.scheduling.scheduler import Scheduler

#: An idle engine wakes this often to show that it lives, unless somebody watches more closely.
HEARTBEAT_S = 1.0


class EngineLoop:
    """Owns the runner and the scheduler. `run` is the thread; the rest may be called from anywhere.

    `deliver` is called in the engine thread, with the outputs of each step and with what the
    commands before it made true, never with none.
    """

    def __init__(
        self,
        runner: Runner,
        scheduler: Scheduler,
        deliver: Callable[[Sequence[Output]], None],
        clock: Callable[[], float] = time.monotonic,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Run `runner` as `scheduler` plans; when idle, turn every `heartbeat_s` all the same."""
        self._runner = runner
        self._scheduler = scheduler
        self._deliver = deliver
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._mailbox = Mailbox()
        self._busy = False
        self._last_beat_s = clock()

    @property
    def last_beat_s(self) -> float:
        """Return when the loop last turned, on its clock. A running step holds it back."""
        return self._last_beat_s

    def beat(self) -> None:
        """Show that the thread lives. `run` does so by itself, once a turn."""
        self._last_beat_s = self._clock()

    def put(self, command: Command) -> None:
        """Hand a command to the engine. Never blocks."""
        self._mailbox.put(command)

    def stop(self) -> None:
        """End `run` after the step in hand."""
        self._mailbox.close()

    def run(self) -> None:
        """Work until `stop`. What the runner raises comes out here, and ends the engine."""
        try:
            while not self._mailbox.closed:
                self._turn()
        finally:
            self._runner.close()

    def _turn(self) -> None:
        outputs = self._take_commands(self._patience_s())
        self.beat()
        outputs += self._scheduler.release_held_text(self._last_beat_s)
        self._hand_out(outputs)
        plan = self._scheduler.plan(self._last_beat_s)
        self._busy = bool(plan.rows)
        if plan:
            result = self._runner.run(plan)
            # Again, so that a sequence cancelled during the step delivers nothing from it.
            outputs = self._take_commands(0.0)
            outputs += self._scheduler.apply(result, self._clock())
            self._hand_out(outputs)

    def _hand_out(self, outputs: list[Output]) -> None:
        if outputs:
            self._deliver(outputs)

    def _patience_s(self) -> float:
        if self._busy:
            return 0.0
        wake_s = self._scheduler.wake_s()
        if wake_s is None:
            return self._heartbeat_s
        return min(max(wake_s - self._clock(), 0.0), self._heartbeat_s)

    def _take_commands(self, timeout_s: float) -> list[Output]:
        commands = self._mailbox.drain(timeout_s)
        outputs = [o for c in commands for o in self._scheduler.handle(c, self._clock())]
        cancelled = {c.sequence_id for c in commands if isinstance(c, Cancel)}
        return [output for output in outputs if output.sequence_id not in cancelled]
