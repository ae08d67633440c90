"""The engine in virtual time: a scheduler and a runner, stepped by hand, and all that came out."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.commands import AppendText, Cancel, Command, EndText, Flush, Grant, Open
from engine.outputs import Chunk, Failed, Finished, Mark, Output
from engine.request import ServiceClass, SynthesisRequest
from engine.runner import ModelInfo, Runner
from engine.runners.tone import ToneRunner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.steps import Pcm, StepPlan, StepResult
from engine.text.rules import TextRules

#: More than any test speaks.
PLENTY = 2**40
STEP_S = 0.010


def instant_tone(max_rows: int = 1_024) -> ToneRunner:
    """Build a tone runner that takes no time."""
    return ToneRunner(sleep=lambda _: None, max_rows=max_rows)


class HurriedRunner:
    """A tone that leaves out the tail of its rows, as the seam allows."""

    def __init__(self, num_made: Callable[[int], int], max_rows: int = 1_024) -> None:
        """Make `num_made(rows)` of the rows of each plan that has some."""
        #: The slots whose rows the last step made.
        self.made: list[int] = []
        self._num_made = num_made
        self._tone = instant_tone(max_rows)

    @property
    def info(self) -> ModelInfo:
        return self._tone.info

    def run(self, plan: StepPlan) -> StepResult:
        rows = plan.rows[: self._num_made(len(plan.rows))] if plan.rows else ()
        self.made = [row.slot for row in rows]
        return self._tone.run(plan if rows == plan.rows else replace(plan, rows=rows))

    def close(self) -> None:
        self._tone.close()


class VirtualEngine:
    """What `EngineLoop` does, without its thread and with a clock that only `step` moves."""

    def __init__(
        self, limits: SchedulerLimits | None = None, *, runner: Runner | None = None
    ) -> None:
        """Run `runner` (an instant tone by default) under `limits`."""
        self.runner = runner or instant_tone()
        self.scheduler = Scheduler(self.runner.info, limits or SchedulerLimits())
        self.frame = self.runner.info.frame_samples
        self.now_s = 0.0
        self.outputs: list[Output] = []
        self.by_sequence: dict[int, list[Output]] = defaultdict(list)

    def put(self, *commands: Command) -> list[Output]:
        """Hand over commands; return what they made true at once."""
        outputs = [o for c in commands for o in self.scheduler.handle(c, self.now_s)]
        return self._record(outputs)

    def plan(self) -> StepPlan:
        """Plan the next step without doing it."""
        self._record(self.scheduler.release_held_text(self.now_s))
        return self.scheduler.plan(self.now_s)

    def do(self, plan: StepPlan, *meanwhile: Command) -> list[Output]:
        """Do a planned step, which takes `STEP_S`; `meanwhile` comes in while it runs."""
        result = self.runner.run(plan) if plan else StepResult()
        self.now_s += STEP_S
        self.put(*meanwhile)
        return self._record(self.scheduler.apply(result, self.now_s))

    def step(self) -> StepPlan:
        """Plan a step and do it; return its plan."""
        plan = self.plan()
        self.do(plan)
        return plan

    def settle(self, max_steps: int = 10_000) -> int:
        """Step until there is nothing to do; return how many steps that took."""
        for count in range(max_steps):
            if not self.step():
                return count
        raise AssertionError(f"still at work after {max_steps} steps")

    def _record(self, outputs: list[Output]) -> list[Output]:
        self.outputs += outputs
        for output in outputs:
            self.by_sequence[output.sequence_id].append(output)
        return outputs

    def open(
        self,
        sequence_id: int,
        text: str = "",
        *,
        credit: int = PLENTY,
        service_class: ServiceClass = ServiceClass.CALL,
        head_start_s: float = 0.0,
        text_rules: TextRules | None = None,
        end: bool = True,
    ) -> None:
        """Open a sequence, with its text and its end if it has them already."""
        request = SynthesisRequest(
            voice=self.runner.info.voices.default.id,
            service_class=service_class,
            head_start_s=head_start_s,
            text_rules=text_rules,
        )
        self.put(Open(sequence_id, request, credit))
        if text:
            self.put(AppendText(sequence_id, text))
        if end:
            self.put(EndText(sequence_id))

    def note(self, sequence_id: int, text: str, *, head_start_s: float = 0.0) -> None:
        """Open a note with all its text."""
        self.open(sequence_id, text, service_class=ServiceClass.NOTE, head_start_s=head_start_s)

    def append(self, sequence_id: int, text: str) -> None:
        """Append text."""
        self.put(AppendText(sequence_id, text))

    def flush(self, sequence_id: int, token: int) -> list[Output]:
        """Flush; return what that made true at once."""
        return self.put(Flush(sequence_id, token))

    def end(self, sequence_id: int) -> list[Output]:
        """Say that no more text comes; return what that made true at once."""
        return self.put(EndText(sequence_id))

    def grant(self, sequence_id: int, upto: int, played: int | None = None) -> None:
        """Raise the credit."""
        self.put(Grant(sequence_id, upto, played))

    def cancel(self, sequence_id: int) -> None:
        """Cancel."""
        self.put(Cancel(sequence_id))

    def ids(self, plan: StepPlan) -> list[int]:
        """Return whose rows the plan holds, in its order."""
        owners = self.scheduler.slot_owners
        return [owners[row.slot] for row in plan.rows]

    def chunks(self, sequence_id: int) -> list[Chunk]:
        """Return the chunks made so far."""
        return [o for o in self.by_sequence[sequence_id] if isinstance(o, Chunk)]

    def samples(self, sequence_id: int) -> int:
        """Count the samples made so far."""
        return sum(len(chunk.pcm) for chunk in self.chunks(sequence_id))

    def pcm(self, sequence_id: int) -> Pcm:
        """Return all samples made so far."""
        empty = np.zeros(0, np.int16)
        return np.concatenate([empty, *(chunk.pcm for chunk in self.chunks(sequence_id))])

    def marks(self, sequence_id: int) -> list[Mark]:
        """Return the marks so far."""
        return [mark for chunk in self.chunks(sequence_id) for mark in chunk.marks]

    def ends(self, sequence_id: int) -> list[Finished | Failed]:
        """Return the outputs that end the sequence: at most one, if all is well."""
        outputs = self.by_sequence[sequence_id]
        return [o for o in outputs if isinstance(o, Finished | Failed)]
