"""Speak one text and nothing else: the engine without its thread, for a command line."""

import time
from collections.abc import Generator, Iterable

from engine.commands import AppendText, EndText, Open
from engine.errors import EngineFailed
from engine.outputs import Chunk, Failed
from engine.request import SynthesisRequest
from engine.runner import Runner
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.steps import StepPlan

_SEQUENCE_ID = 1
#: The caller takes chunks one by one, so nothing runs ahead: credit need not bound it.
_UNBOUNDED = 2**62


def speak(
    runner: Runner, request: SynthesisRequest, pieces: Iterable[str]
) -> Generator[Chunk, None, None]:
    """Yield the chunks of a text as they are made. To stop early, close it before the runner.

    The next piece of the text is asked for once what can be spoken of those before it is spoken, so
    no more than a piece and a segment are held. An empty piece says that none came: text that has
    been undecided for the times that `SchedulerLimits` states is then spoken.

    Raises:
        EngineFailed: the model failed on this text.
    """
    scheduler = Scheduler(runner.info, SchedulerLimits(num_slots=1, note_floor=1))
    scheduler.handle(Open(_SEQUENCE_ID, request, _UNBOUNDED), time.monotonic())
    try:
        for piece in pieces:
            scheduler.handle(AppendText(_SEQUENCE_ID, piece), time.monotonic())
            scheduler.release_held_text(time.monotonic())
            yield from _steps(runner, scheduler)
        scheduler.handle(EndText(_SEQUENCE_ID), time.monotonic())
        yield from _steps(runner, scheduler)
    finally:
        # Also where the caller stops early or the model failed: the next text starts anew.
        runner.run(StepPlan(released=(_SEQUENCE_ID,)))


def _steps(runner: Runner, scheduler: Scheduler) -> Generator[Chunk, None, None]:
    """Yield what can be spoken of the text so far."""
    while plan := scheduler.plan(time.monotonic()):
        result = runner.run(plan)
        for output in scheduler.apply(result, time.monotonic()):
            if isinstance(output, Chunk):
                yield output
            elif isinstance(output, Failed):
                raise EngineFailed(output.message)
