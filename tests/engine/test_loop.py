"""The engine's thread: a real one, with real locks."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import pytest

from engine.commands import AppendText, Cancel, EndText, Flush, Grant, Open
from engine.loop import EngineLoop
from engine.outputs import Blocked, Chunk, Finished, Flushed, Output
from engine.request import SynthesisRequest
from engine.runner import ModelInfo, Runner
from engine.runners.tone import FRAME_SAMPLES, SAMPLES_PER_CHAR
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.scheduler import Scheduler
from engine.steps import FinishReason, StepPlan, StepResult
from tests.helpers.virtual_engine import PLENTY, instant_tone

REQUEST = SynthesisRequest(voice="tone")
#: Nothing here takes as long; a fault shows as a timeout, not as a hang.
TIMEOUT_S = 10.0
#: No test lives until an idle engine turns by itself: what makes it turn is a reason.
NO_HEARTBEAT_S = 10 * TIMEOUT_S
#: Held text need not keep a test waiting.
LIMITS = SchedulerLimits(text_hold_s=0.01)


class GatedRunner:
    """A tone whose every step waits to be let through. It knows who closed it."""

    def __init__(self, *, is_open: bool = True, error: Exception | None = None) -> None:
        self.started = threading.Event()
        self.gate = threading.Event()
        if is_open:
            self.gate.set()
        self.closed_by: list[int] = []
        self._error = error
        self._tone = instant_tone()

    @property
    def info(self) -> ModelInfo:
        return self._tone.info

    def run(self, plan: StepPlan) -> StepResult:
        self.started.set()
        assert self.gate.wait(TIMEOUT_S)
        if self._error is not None:
            raise self._error
        return self._tone.run(plan)

    def close(self) -> None:
        self.closed_by.append(threading.get_ident())


class Harness:
    """A loop on a thread of its own, and what it delivered."""

    def __init__(self, runner: Runner, pool: ThreadPoolExecutor, heartbeat_s: float) -> None:
        self._delivered: SimpleQueue[Sequence[Output]] = SimpleQueue()
        self.batches: list[Sequence[Output]] = []
        scheduler = Scheduler(runner.info, LIMITS)
        self.loop = EngineLoop(runner, scheduler, self._delivered.put, heartbeat_s=heartbeat_s)
        self.done: Future[None] = pool.submit(self.loop.run)

    def until(self, kind: type[Output]) -> list[Output]:
        """Return all outputs up to the first of that kind."""
        outputs: list[Output] = []
        while not any(isinstance(output, kind) for output in outputs):
            self.batches.append(self._delivered.get(timeout=TIMEOUT_S))
            outputs += self.batches[-1]
        return outputs


@contextmanager
def running(runner: Runner, heartbeat_s: float = NO_HEARTBEAT_S) -> Iterator[Harness]:
    with ThreadPoolExecutor(1) as pool:
        harness = Harness(runner, pool, heartbeat_s)
        try:
            yield harness
        finally:
            harness.loop.stop()


def test_a_command_from_another_thread_is_served() -> None:
    with running(GatedRunner()) as harness:
        for command in (Open(1, REQUEST, PLENTY), AppendText(1, "Good day."), EndText(1)):
            harness.loop.put(command)
        outputs = harness.until(Finished)
    samples = 9 * SAMPLES_PER_CHAR
    assert outputs[-1] == Finished(1, samples, FinishReason.END)
    assert sum(len(output.pcm) for output in outputs if isinstance(output, Chunk)) == samples
    assert all(harness.batches), "an empty batch was delivered"


def test_a_grant_wakes_a_blocked_sequence() -> None:
    with running(GatedRunner()) as harness:
        for command in (Open(1, REQUEST, FRAME_SAMPLES), AppendText(1, "Good."), EndText(1)):
            harness.loop.put(command)
        harness.until(Blocked)
        harness.loop.put(Grant(1, PLENTY))
        assert harness.until(Finished)


def test_held_text_is_spoken_though_nothing_wakes_the_engine() -> None:
    with running(GatedRunner()) as harness:
        harness.loop.put(Open(1, REQUEST, PLENTY))
        harness.loop.put(AppendText(1, "Well, I "))
        assert harness.until(Chunk)


def test_stop_ends_run_and_closes_the_runner_in_its_own_thread() -> None:
    runner = GatedRunner()
    with running(runner) as harness:
        harness.loop.stop()
        assert harness.done.result(TIMEOUT_S) is None
    assert len(runner.closed_by) == 1
    assert runner.closed_by[0] != threading.get_ident()


def test_stop_waits_for_the_step_in_hand() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        for command in (Open(1, REQUEST, PLENTY), AppendText(1, "Good day."), EndText(1)):
            harness.loop.put(command)
        assert runner.started.wait(TIMEOUT_S)
        harness.loop.stop()
        assert not harness.done.done()
        assert not runner.closed_by
        runner.gate.set()
        harness.done.result(TIMEOUT_S)
    assert runner.closed_by


def test_what_the_runner_raises_comes_out_of_run_and_the_runner_is_closed() -> None:
    runner = GatedRunner(error=MemoryError("no more"))
    with running(runner) as harness:
        for command in (Open(1, REQUEST, PLENTY), AppendText(1, "Good day."), EndText(1)):
            harness.loop.put(command)
        with pytest.raises(MemoryError, match="no more"):
            harness.done.result(TIMEOUT_S)
    assert len(runner.closed_by) == 1


def test_a_sequence_cancelled_during_a_step_delivers_nothing_from_it() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        for sequence_id in (1, 2):
            harness.loop.put(Open(sequence_id, REQUEST, PLENTY))
            harness.loop.put(AppendText(sequence_id, "Good day."))
            harness.loop.put(EndText(sequence_id))
        assert runner.started.wait(TIMEOUT_S)
        harness.loop.put(Cancel(1))
        runner.gate.set()
        outputs = harness.until(Finished)
    assert {output.sequence_id for output in outputs} == {2}


def test_an_idle_engine_shows_that_it_lives() -> None:
    with running(GatedRunner(), heartbeat_s=0.001) as harness:
        first_s = harness.loop.last_beat_s
        deadline_s = time.monotonic() + TIMEOUT_S
        while harness.loop.last_beat_s == first_s:
            assert time.monotonic() < deadline_s
        assert harness.loop.last_beat_s > first_s


def test_a_step_that_hangs_holds_the_beat_back() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        for command in (Open(1, REQUEST, PLENTY), AppendText(1, "Good day."), EndText(1)):
            harness.loop.put(command)
        assert runner.started.wait(TIMEOUT_S)
        beat_s = harness.loop.last_beat_s
        assert beat_s <= time.monotonic()
        harness.loop.put(Grant(1, PLENTY))
        assert harness.loop.last_beat_s == beat_s
        runner.gate.set()
        harness.until(Finished)
        assert harness.loop.last_beat_s > beat_s


def test_an_empty_flush_needs_no_step() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        harness.loop.put(Open(1, REQUEST, PLENTY))
        harness.loop.put(Flush(1, 9))
        assert harness.until(Flushed) == [Flushed(1, 9, 0)]
        assert not runner.started.is_set()


def test_an_answer_that_needs_no_step_does_not_wait_for_one() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        for command in (
            Open(1, REQUEST, PLENTY),
            AppendText(1, "Good day."),
            EndText(1),
            Open(2, REQUEST, PLENTY),
            Flush(2, 7),
            EndText(2),
        ):
            harness.loop.put(command)
        outputs = harness.until(Finished)
        assert outputs == [Flushed(2, 7, 0), Finished(2, 0, FinishReason.END)]
        runner.gate.set()
        assert harness.until(Finished)[-1].sequence_id == 1


def test_nothing_is_delivered_behind_a_cancel_that_came_with_its_cause() -> None:
    runner = GatedRunner(is_open=False)
    with running(runner) as harness:
        for command in (Open(1, REQUEST, PLENTY), AppendText(1, "Good day."), EndText(1)):
            harness.loop.put(command)
        assert runner.started.wait(TIMEOUT_S)
        for sequence_id in (2, 3):
            harness.loop.put(Open(sequence_id, REQUEST, PLENTY))
            harness.loop.put(Flush(sequence_id, 7))
        harness.loop.put(Cancel(2))
        runner.gate.set()
        outputs = harness.until(Finished)
    assert {output.sequence_id for output in outputs} == {1, 3}
