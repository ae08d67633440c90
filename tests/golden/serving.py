"""Generations by the runner that a server has: paged, in slots that change, and never alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import torch

from engine.runners.s1.drawing import Drawing
from engine.runners.s1.generation import BLOCK_SIZE
from engine.runners.s1.job import Job
from engine.runners.s1.language_model import Vocabulary
from engine.runners.s1.model import S1Model, load_model
from engine.runners.s1.prompt import Columns, PromptBuilder
from engine.runners.s1.reader import SegmentLimits
from engine.runners.s1.runner import S1Runner
from engine.voices import DEFAULT_VOICE
from tests.golden.noise import TorchNoise
from tests.golden.stage import NUM_NEIGHBOURS, Generation, Stage, neighbour

#: Of those who state none.
_FIRST_SEED = 1_000_000
_WITHOUT_LIMIT = 2**31
#: No token of any vocabulary.
_NO_END = -2
#: The original speaks until it ends, whatever the text.
_LIMITS = SegmentLimits(
    max_context=_WITHOUT_LIMIT,
    expected_frames=lambda _: 0,
    most_frames=lambda _: _WITHOUT_LIMIT,
    circling_frames=_WITHOUT_LIMIT,
)


def serve(checkpoint: Path, generations: Sequence[Generation]) -> None:
    """Have all of them generated side by side.

    Others come and go in the same steps, and each of ours is parked once and evicted once.

    Raises:
        RuntimeError: the runner refuses one, or has no room for it.
    """
    model = speech_model(checkpoint)
    for generation in generations:
        prompt = model.prompts.build(generation.text, generation.spoken)
        generation.begin(prompt, model.language_model.config.max_seq_len)
    runner = speech_runner(model, generations)
    stage = Stage(generations)
    runner._drawing = Tap(runner._drawing, stage)
    runner.run(stage.enter())
    while not stage.is_over:
        stage.hear(runner.run(stage.plan()))


def speech_model(checkpoint: Path) -> S1Model:
    """Return the model of a checkpoint, whose tokens of text may follow too, as in the original."""
    model = load_model(
        checkpoint, device=torch.device("cpu"), dtype=torch.float32, vocabulary=Vocabulary.ALL
    )
    # The original's texts may hold special tokens.
    prompts = PromptBuilder(model.language_model.config, model.tokenizer, allow_special=True)
    return replace(model, prompts=prompts)


def speech_runner(model: S1Model, generations: Sequence[Generation]) -> S1Runner:
    """Return a runner with room for generations that know their prompts, and their neighbours."""
    text = neighbour()
    prompt = model.prompts.build(text.text)
    lengths = [each.prompt.shape[1] + each.max_new_tokens for each in generations]
    longest = max(*lengths, prompt.shape[1] + text.max_new_tokens)
    num_rows = len(generations) + NUM_NEIGHBOURS
    return S1Runner(
        model,
        {DEFAULT_VOICE: None},
        # One less than those that speak, so that they move from lane to lane.
        num_lanes=num_rows - 1,
        num_cached=(num_rows + NUM_NEIGHBOURS) * (longest + BLOCK_SIZE),
        noise=TorchNoise(model.language_model, model.tokenizer.num_tokens),
        limits=_LIMITS,
        draw_seed=count(_FIRST_SEED).__next__,
    )


class Tap(Drawing):
    """Lets a stage see all columns that are drawn, ends included.

    The original looks for an end from the second column on.
    """

    def __init__(self, drawing: Drawing, stage: Stage) -> None:
        super().__init__(
            drawing._generator, drawing._im_end_id, drawing._width, drawing._prefill_tokens
        )
        self._stage = stage

    def _take(self, job: Job, column: Columns, token: int, code: int) -> None:
        self._stage.see(job.sequence.id, column)
        is_first_end = token == self._im_end_id and job.sequence.num_drawn == 0
        super()._take(job, column, _NO_END if is_first_end else token, code)
