"""Random schedules for the engine in virtual time, and the laws that every one must keep."""

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from engine.commands import Cancel
from engine.outputs import Blocked, Chunk, Failed, Finished, Flushed, MarkUnit, Output
from engine.request import ServiceClass
from engine.runner import ModelInfo, Runner
from engine.runners import tone
from engine.scheduling.limits import SchedulerLimits
from engine.steps import Pcm, RowResult, StepPlan, StepResult
from tests.helpers.scarce_runner import ScarceRunner
from tests.helpers.slot_mirror import SlotMirror
from tests.helpers.virtual_engine import PLENTY, HurriedRunner, VirtualEngine

WORDS = (
    "a",
    "hi,",
    "so.",
    "tone",
    "Yes!",
    "no",
    "well",
    "it:",
    "(as)",
    "3.1",
    "\n",
    "\u6f22\u5b57",
)
#: More than a schedule can make one sequence say.
MAX_SAMPLES = 2**19


@dataclass(slots=True)
class Client:
    """What one sequence was told, and how far its outputs have been checked."""

    granted: int
    text: str = ""
    #: How much text precedes each flush.
    flushed: list[int] = field(default_factory=list)
    num_flushed: int = 0
    ended: bool = False
    cancelled: bool = False
    #: Whether it was told that it is finished, or has failed.
    over: bool = False
    num_checked: int = 0
    samples: int = 0
    #: The characters of the segments begun so far, and where in the text the last of them ends.
    num_said: int = 0
    said_to: int = 0

    def take(self, output: Output) -> None:
        """Check an output: contiguous, within credit, a flush behind what was flushed."""
        match output:
            case Chunk(_, at, pcm, marks):
                assert at == self.samples
                self.samples += len(pcm)
                assert self.samples < max(self.granted, 1) + tone.FRAME_SAMPLES
                for mark in marks:
                    if mark.unit is MarkUnit.SEGMENT:
                        self.num_said += mark.end - mark.start
                        self.said_to = mark.end
            case Flushed(_, token, at):
                self.num_flushed += 1
                assert token == self.num_flushed
                text_end = self.flushed[token - 1]
                assert self.said_to <= text_end, "spoke on before its flush"
                assert not self.text[self.said_to : text_end].strip(), "flushed unsaid text"
                assert at == self.samples == self.num_said * tone.SAMPLES_PER_CHAR
            case Blocked(_, at):
                assert at == self.samples
            case Finished(_, samples):
                assert samples == self.samples
                self.over = True
            case Failed():
                self.over = True


class FaultyRunner:
    """Another runner, of whose rows some fail."""

    def __init__(self, runner: Runner, fails: Callable[[], bool]) -> None:
        """Ask `fails` of each row."""
        self.num_failed = 0
        self._runner = runner
        self._fails = fails

    @property
    def info(self) -> ModelInfo:
        return self._runner.info

    def run(self, plan: StepPlan) -> StepResult:
        result = self._runner.run(plan)
        return replace(result, rows=tuple(self._struck(row) for row in result.rows))

    def close(self) -> None:
        self._runner.close()

    def _struck(self, row: RowResult) -> RowResult:
        if not self._fails():
            return row
        self.num_failed += 1
        return RowResult(row.slot, np.zeros(0, np.int16), error="bad")


class Schedule:
    """One random run: commands and steps in random order, the laws checked after each step."""

    def __init__(self, seed: int) -> None:
        """Draw the limits; `play` draws the rest."""
        self.rng = random.Random(seed)
        num_slots, max_rows = self.rng.randint(1, 4), self.rng.randint(1, 4)
        floor = self.rng.randint(0, num_slots)
        limits = SchedulerLimits(
            num_slots=num_slots,
            note_floor=floor,
            target_lead_s=0.2,
            text_hold_s=0.05,
            word_hold_s=0.15,
        )
        most_made = self.rng.randint(1, max_rows)
        hurried = HurriedRunner(lambda rows: self.rng.randint(1, min(rows, most_made)), max_rows)
        failing = self.rng.choice([0.0, 0.0, 0.05])
        # Of a few pages most schedules want more, and some a sequence alone.
        scarce = ScarceRunner(hurried, self.rng.choice([4, 8, 16, PLENTY]))
        self.runner = FaultyRunner(scarce, lambda: self.rng.random() < failing)
        self.engine = VirtualEngine(limits, runner=self.runner)
        self.mirror = SlotMirror(num_slots, max_rows)
        self.clients: dict[int, Client] = {}

    def play(self) -> None:
        """Act at random, let everyone end, and check what came out."""
        for _ in range(self.rng.randint(4, 16)):
            self._act()
        for sequence_id in self._open_ids():
            self.engine.grant(sequence_id, PLENTY)
            self.clients[sequence_id].granted = PLENTY
            self.engine.end(sequence_id)
        self._finish()
        for sequence_id in self.clients:
            self._check_whole(sequence_id)

    def _open_ids(self) -> list[int]:
        return [i for i, c in self.clients.items() if not (c.cancelled or self.engine.ends(i))]

    def _act(self) -> None:
        if not self.clients or self.rng.random() < 0.2:
            self._arrive()
            return
        act = self.rng.choices(
            [self._say, self._grant, self._flush, self._end, self._cancel, self._steps],
            weights=[6, 4, 1, 1, 1, 6],
        )[0]
        # Any of them, ended ones too: late commands must do no harm.
        act(self.rng.choice(list(self.clients)))

    def _arrive(self) -> None:
        sequence_id = len(self.clients) + 1
        credit = self.rng.choice([0, 1, tone.FRAME_SAMPLES, 5_000, PLENTY])
        self.clients[sequence_id] = Client(credit)
        self.engine.open(
            sequence_id,
            credit=credit,
            service_class=self.rng.choice(list(ServiceClass)),
            head_start_s=self.rng.choice([0.0, 0.5]),
            end=False,
        )

    def _say(self, sequence_id: int) -> None:
        text = " ".join(self.rng.choices(WORDS, k=self.rng.randint(1, 4))) + " "
        client = self.clients[sequence_id]
        if not client.ended:
            client.text += text
        self.engine.append(sequence_id, text)

    def _grant(self, sequence_id: int) -> None:
        client, engine = self.clients[sequence_id], self.engine
        upto = client.granted + self.rng.choice([-1, 1, 960, 10_000])
        played = self.rng.choice([None, engine.samples(sequence_id) // 2])
        client.granted = max(client.granted, upto)
        engine.grant(sequence_id, max(upto, 0), played)

    def _flush(self, sequence_id: int) -> None:
        client = self.clients[sequence_id]
        if sequence_id in self._open_ids():
            client.flushed.append(len(client.text))
        self.engine.flush(sequence_id, len(client.flushed))

    def _end(self, sequence_id: int) -> None:
        self.engine.end(sequence_id)
        self.clients[sequence_id].ended = True

    def _cancel(self, sequence_id: int) -> None:
        if self.rng.random() < 0.5:
            self._step(cancelling=sequence_id)
        else:
            self._give_up(sequence_id)
            self.engine.cancel(sequence_id)

    def _give_up(self, sequence_id: int) -> None:
        self._check_outputs(sequence_id)
        self.clients[sequence_id].cancelled = not self.engine.ends(sequence_id)

    def _steps(self, _: int) -> None:
        for _ in range(self.rng.randint(1, 8)):
            self._step()

    def _step(self, cancelling: int | None = None) -> bool:
        plan = self.engine.plan()
        self.mirror.follow(plan)
        assert self.mirror.holders == self.engine.scheduler.slot_owners
        if cancelling is None:
            self.engine.do(plan)
        else:
            self._give_up(cancelling)
            self.engine.do(plan, Cancel(cancelling))
        for sequence_id in self.clients:
            self._check_outputs(sequence_id)
        return bool(plan)

    def _finish(self) -> None:
        """Step until all is done: each brings someone a frame, so the text bounds their number.

        Or it evicts somebody: whoever ends lets all try again.
        """
        num_chars = sum(len(client.text) for client in self.clients.values())
        frames_per_char = -(-tone.SAMPLES_PER_CHAR // tone.FRAME_SAMPLES)
        num_clients = len(self.clients)
        for _ in range(frames_per_char * num_chars + num_clients * (num_clients + 1) + 2):
            if not self._step():
                break
        assert not self.engine.scheduler.num_sequences, "somebody starved"
        assert not self.mirror.holders, "a slot leaked"
        assert not self.engine.plan()

    def _check_outputs(self, sequence_id: int) -> None:
        client, outputs = self.clients[sequence_id], self.engine.by_sequence[sequence_id]
        for output in outputs[client.num_checked :]:
            assert not client.cancelled, "spoke after its cancel"
            assert not client.over, "spoke after its end"
            client.take(output)
        client.num_checked = len(outputs)

    def _check_whole(self, sequence_id: int) -> None:
        client, engine = self.clients[sequence_id], self.engine
        pcm = engine.pcm(sequence_id)
        assert np.array_equal(pcm, sine(sequence_id)[: len(pcm)]), "another's audio, or a gap"
        if client.cancelled:
            assert not engine.ends(sequence_id)
            return
        assert client.over
        if isinstance(engine.ends(sequence_id)[0], Failed):
            return
        assert client.num_flushed == len(client.flushed)
        segments = [m for m in engine.marks(sequence_id) if m.unit is MarkUnit.SEGMENT]
        spoken = "".join(client.text[mark.start : mark.end] for mark in segments)
        assert "".join(spoken.split()) == "".join(client.text.split()), "text lost or said twice"
        assert len(pcm) == len(spoken) * tone.SAMPLES_PER_CHAR


@functools.cache
def sine(sequence_id: int) -> Pcm:
    """Return the tone of a sequence: one unbroken sine, whatever it was cut into."""
    hz = tone.frequency_hz(sequence_id)
    wave = np.sin(np.arange(MAX_SAMPLES) * (2 * np.pi * hz / tone.SAMPLE_RATE_HZ))
    pcm: Pcm = np.round(wave * tone.AMPLITUDE).astype(np.int16)
    return pcm
