"""Columns that are given, read by the runner that a server has: its states after each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.drawing import Drawing
from engine.runners.s1.dual_ar import SlowTransformer
from engine.runners.s1.frames import FrameDrawer
from engine.runners.s1.job import Job
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.noise import FrameNoise
from engine.runners.s1.prompt import Columns, PromptBuilder, SpokenText
from engine.runners.s1.sampling import SamplingRows
from engine.runners.s1.transformer import KeyValues
from engine.runners.s1.window import RepetitionWindow
from tests.golden.serving import Tap, speech_model, speech_runner
from tests.golden.stage import Generation, Stage

#: The sequence that is dictated; all others speak for themselves.
_OURS = 0
#: What stands for the prompt that is given.
_TEXT = "dictated"
#: No token at all, neither the end nor what stands for lost numbers.
_NO_END = -2


def read_in_company(checkpoint: Path, prompt: Tensor, frames: Tensor) -> Tensor:
    """Return the states (T + n, dim) after the columns of a prompt, and after each frame drawn.

    Others are read and draw in the same steps, and ours is parked once.

    Args:
        checkpoint: whose model.
        prompt: (num_codebooks + 1, T).
        frames: (num_codebooks + 1, n), which are drawn whatever the model says.

    Raises:
        RuntimeError: the runner refuses the prompt, or has no room for it.
    """
    dictation = _Dictation(frames.T.long())
    model = speech_model(checkpoint)
    model = replace(
        model,
        language_model=dictation.given_to(model.language_model),
        prompts=_GivenPrompt(model.prompts, prompt.long().numpy()),
    )
    ours = Generation(text=_TEXT, max_new_tokens=frames.shape[1] + 1)
    ours.begin(model.prompts.build(_TEXT), model.language_model.config.max_seq_len)
    runner = speech_runner(model, [ours])
    stage = Stage([ours])
    runner._drawing = _Dictated(runner._drawing, stage, dictation)
    runner.run(stage.enter())
    while not stage.is_over:
        stage.hear(runner.run(stage.plan()))
    return torch.cat(dictation.states)


class _Dictation:
    """What is dictated, what was said of it, and where it is in a batch."""

    def __init__(self, frames: Tensor) -> None:
        self._frames = iter(frames)
        self.states: list[Tensor] = []
        #: Of the next forward; nowhere if the sequence is left out of it.
        self.lane: int | None = None
        self.tokens = slice(0)

    def given_to(self, model: LanguageModel) -> LanguageModel:
        """Return the model, with ears."""
        drawer = _Drawer(model.draw_frames, self)
        return replace(model, slow=_Slow(model.slow, self), draw_frames=drawer)

    def find(self, jobs: Sequence[Job], lengths: dict[int, int]) -> None:
        """Find the sequence among those that are read, so many columns of each lane."""
        lanes = [job.lane for job in jobs if job.sequence.id == _OURS and job.lane in lengths]
        self.lane = lanes[0] if lanes else None
        self.tokens = slice(0)
        if self.lane is not None:
            before = list(lengths)[: list(lengths).index(self.lane)]
            begin = sum(lengths[lane] for lane in before)
            self.tokens = slice(begin, begin + lengths[self.lane])

    def say(self, slots: Tensor, columns: Tensor) -> Tensor:
        """Return what was drawn in `slots`, with the next frame in the place of ours."""
        for index in (slots == self.lane).nonzero() if self.lane is not None else ():
            columns[index] = next(self._frames, columns[index])
        return columns


class _Slow(SlowTransformer):
    """Has the states of the sequence heard."""

    def __init__(self, slow: SlowTransformer, dictation: _Dictation) -> None:
        vars(self).update(vars(slow))
        self._dictation = dictation

    def __call__(self, columns: Tensor, positions: Tensor, key_values: KeyValues) -> Tensor:
        states = super().__call__(columns, positions, key_values)
        self._dictation.states.append(states[self._dictation.tokens])
        return states


class _Drawer(FrameDrawer):
    """Has the sequence draw what is dictated."""

    def __init__(self, drawer: FrameDrawer, dictation: _Dictation) -> None:
        vars(self).update(vars(drawer))
        self._dictation = dictation

    def __call__(
        self,
        states: Tensor,
        slots: Tensor,
        window: RepetitionWindow,
        rows: SamplingRows,
        noise: FrameNoise,
    ) -> Tensor:
        return self._dictation.say(slots, super().__call__(states, slots, window, rows, noise))


class _Dictated(Tap):
    """Tells where the sequence is in each forward; nothing that is dictated ends it."""

    def __init__(self, drawing: Drawing, stage: Stage, dictation: _Dictation) -> None:
        super().__init__(drawing, stage)
        self._dictation = dictation

    def _lengths(self, jobs: Sequence[Job]) -> dict[int, int]:
        lengths = super()._lengths(jobs)
        self._dictation.find(jobs, lengths)
        return lengths

    def _take(self, job: Job, column: Columns, token: int, code: int) -> None:
        super()._take(job, column, _NO_END if job.sequence.id == _OURS else token, code)


class _GivenPrompt(PromptBuilder):
    """Builds prompts, and has one at hand."""

    def __init__(self, prompts: PromptBuilder, prompt: Columns) -> None:
        vars(self).update(vars(prompts))
        self._prompt = prompt

    def build(self, text: str, spoken: Iterable[SpokenText] = ()) -> Columns:
        return self._prompt if text == _TEXT else super().build(text, spoken)
