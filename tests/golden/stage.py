"""Who speaks in which slot, step by step: generations that are looked at, among others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch
from torch import Tensor

from engine.cloning import EncodedReference
from engine.request import Sampling, SynthesisRequest
from engine.runners.s1.prompt import Columns, SpokenText
from engine.steps import Admission, Pcm, Prefill, Row, StepPlan, StepResult
from engine.text.segment import Segment
from engine.voices import DEFAULT_VOICE
from tests.golden.checkpoint import samples_of
from tests.golden.streaming import CHUNKS

NUM_NEIGHBOURS = 2
_NEIGHBOUR_FRAMES = 20
#: The steps for which the first generation leaves its slot; each of the others does a step later.
_PARKED_AT, _EVICTED_AT = 1, 4


@dataclass(slots=True, kw_only=True)
class Generation:
    """A text to speak, and what came of it."""

    text: str
    #: Columns drawn at most, the end included; 0: as many as the model can read.
    max_new_tokens: int
    spoken: Sequence[SpokenText] = ()
    sampling: Sampling = Sampling()
    #: (num_codebooks + 1, T), and all columns after it.
    prompt: Columns = field(init=False)
    drawn: list[Columns] = field(default_factory=list)
    pieces: list[Pcm] = field(default_factory=list)
    slot: int | None = None
    has_ended: bool = False

    def begin(self, prompt: Columns, max_seq_len: int) -> None:
        """Take the prompt, after which as many columns may follow as the model can read."""
        self.prompt = prompt
        room = max_seq_len - prompt.shape[1]
        self.max_new_tokens = min(self.max_new_tokens or room, room)

    @property
    def references(self) -> tuple[EncodedReference, ...]:
        """What was spoken before, as a request has it."""
        return tuple(EncodedReference(each.text, each.codes) for each in self.spoken)

    @property
    def num_left(self) -> int:
        """Count the columns that may follow."""
        return self.max_new_tokens - len(self.drawn)

    @property
    def columns(self) -> Tensor:
        """What was drawn, (num_codebooks + 1, n)."""
        return torch.from_numpy(np.stack(self.drawn, axis=1))

    @property
    def sequence(self) -> Tensor:
        """The prompt and what was drawn after it, (num_codebooks + 1, T)."""
        return torch.cat((torch.from_numpy(self.prompt), self.columns), dim=1)

    @property
    def samples(self) -> Tensor:
        """What was heard, (n,)."""
        return samples_of(torch.from_numpy(np.concatenate(self.pieces)))


def neighbour() -> Generation:
    """Return what is spoken beside those that are looked at."""
    return Generation(text="Somebody else. " * 4, max_new_tokens=_NEIGHBOUR_FRAMES)


class Stage:
    """Plans the steps, and hears what came of them."""

    def __init__(self, generations: Sequence[Generation]) -> None:
        """Take those that are looked at: their sequences are numbered from 0 on."""
        self._ours = generations
        self._live = dict(enumerate(generations))
        self._unread = list(self._live)
        self._ids = count(len(generations))
        # No slot is used twice: who comes back does so elsewhere.
        self._slots = count()
        self._num_steps = 0

    @property
    def is_over(self) -> bool:
        """Tell whether all that are looked at have ended."""
        return all(generation.has_ended for generation in self._ours)

    def enter(self) -> StepPlan:
        """Admit those that are looked at, who are silent yet."""
        return StepPlan(admissions=self._admissions())

    def plan(self) -> StepPlan:
        """Plan the next step."""
        released = self._release()
        self._invite()
        admissions = self._admissions()
        parked, evicted = self._leave(_PARKED_AT), self._leave(_EVICTED_AT)
        prefills = self._prefills()
        chunk = CHUNKS[self._num_steps % len(CHUNKS)]
        self._num_steps += 1
        return StepPlan(
            released=released,
            evicted=evicted,
            parked=parked,
            admissions=admissions,
            prefills=prefills,
            rows=self._rows(chunk),
        )

    def _rows(self, chunk: int) -> tuple[Row, ...]:
        """Have all speak but one, in turns: whoever was left out takes the place of the next.

        Nobody speaks alone.
        """
        speaking = [each for each in self._live.values() if each.slot is not None]
        if len(speaking) > 2:
            del speaking[self._num_steps % len(speaking)]
        return tuple(
            Row(each.slot, min(chunk, each.num_left)) for each in speaking if each.slot is not None
        )

    def see(self, sequence_id: int, column: Columns) -> None:
        """Take a column that was drawn."""
        self._live[sequence_id].drawn.append(column)

    def hear(self, result: StepResult) -> None:
        """Take what a step made.

        Raises:
            RuntimeError: somebody failed, or found no room.
        """
        if result.starved:
            raise RuntimeError(f"no room for the slots {result.starved}")
        speaking = {each.slot: each for each in self._live.values()}
        for row in result.rows:
            if row.error is not None:
                raise RuntimeError(row.error)
            generation = speaking[row.slot]
            generation.pieces.append(row.pcm)
            generation.has_ended = row.segment_done or generation.num_left == 0

    def _release(self) -> tuple[int, ...]:
        over = tuple(number for number, each in self._live.items() if each.has_ended)
        for number in over:
            del self._live[number]
        return over

    def _invite(self) -> None:
        """Have one more neighbour begin, who takes the place of whoever left in this step."""
        num_neighbours = sum(number >= len(self._ours) for number in self._live)
        if num_neighbours < NUM_NEIGHBOURS:
            number = next(self._ids)
            self._live[number] = neighbour()
            self._unread.append(number)

    def _leave(self, first_step: int) -> tuple[int, ...]:
        number = self._num_steps - first_step
        if number not in range(len(self._ours)) or number not in self._live:
            return ()
        self._live[number].slot = None
        return (number,)

    def _admissions(self) -> tuple[Admission, ...]:
        return tuple(
            [self._admit(number, each) for number, each in self._live.items() if each.slot is None]
        )

    def _admit(self, number: int, generation: Generation) -> Admission:
        generation.slot = next(self._slots)
        return Admission(
            generation.slot,
            number,
            SynthesisRequest(
                voice=DEFAULT_VOICE,
                references=generation.references,
                sampling=generation.sampling,
            ),
        )

    def _prefills(self) -> tuple[Prefill, ...]:
        begun = [self._live[number] for number in self._unread]
        self._unread.clear()
        return tuple(
            Prefill(each.slot, Segment(each.text, 0, len(each.text)))
            for each in begun
            if each.slot is not None
        )
