"""Speak one text and nothing else: the engine without its thread, for a command line."""

import time
from collections.abc import Generator

from engine.commands import AppendText, Command, EndText, Open
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


def speak(runner: Runner, request: SynthesisRequest, text: str) -> Generator[Chunk, None, None]:
    """Yield the chunks of `text` as they are made. To stop early, close it before the runner.

    Raises:
        EngineFailed: the model failed on this text.
    """
    scheduler = Scheduler(runner.info, SchedulerLimits(num_slots=1, note_floor=1))
    commands: list[Command] = [
        Open(_SEQUENCE_ID, request, _UNBOUNDED),
        AppendText(_SEQUENCE_ID, text),
        EndText(_SEQUENCE_ID),
    ]
    for command in commands:
        scheduler.handle(command, time.monotonic())
    try:
        while plan := scheduler.plan(time.monotonic()):
            result = runner.run(plan)
            for output in scheduler.apply(result, time.monotonic()):
                if isinstance(output, Chunk):
                    yield output
                elif isinstance(output, Failed):
                    raise EngineFailed(output.message)
    finally:
        # Also where the caller stops early or the model failed: the next text starts anew.
        runner.run(StepPlan(released=(_SEQUENCE_ID,)))
