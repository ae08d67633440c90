"""Where memory runs out, S1 says the very same, only later."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.outputs import Finished
from engine.runners.s1.dual_ar import SlowTransformer
from engine.runners.s1.model import S1Model
from engine.runners.s1.runner import S1Runner
from engine.runners.s1.transformer import KeyValues
from engine.scheduling.limits import SchedulerLimits
from engine.steps import Pcm
from tests.engine.s1.speaker import make_runner, tiny_speaker
from tests.helpers.virtual_engine import VirtualEngine

TEXTS = ("One.", "Say it.", "Home.")
NOTES, CALLS = (1, 2), (12,)
LIMITS = SchedulerLimits(num_slots=6, note_floor=2)
#: Tokens, of which one who says a text holds about 120 at its end.
PLENTY, SCARCE = 4_096, 144
#: Steps before the calls come.
CALLS_AFTER = 4


def model() -> S1Model:
    """Return one that says every text until it is cut, some ninety frames later."""
    return tiny_speaker(torch.float64, end_scale=0.0)


def spoken_by(runner: S1Runner) -> tuple[VirtualEngine, list[int]]:
    """Have notes spoken, and calls that come later; return who was evicted."""
    engine = VirtualEngine(LIMITS, runner=runner)
    for note in NOTES:
        engine.note(note, TEXTS[note % len(TEXTS)])
    evicted: list[int] = []
    for num_steps in range(2_000):
        if num_steps == CALLS_AFTER:
            for call in CALLS:
                engine.open(call, TEXTS[call % len(TEXTS)])
        plan = engine.step()
        evicted += plan.evicted
        if not plan:
            return engine, evicted
    raise AssertionError("still at work")


@cache
def undisturbed(sequence_id: int) -> Pcm:
    engine = VirtualEngine(LIMITS, runner=make_runner(model(), num_cached=PLENTY))
    engine.note(sequence_id, TEXTS[sequence_id % len(TEXTS)])
    engine.settle()
    return engine.pcm(sequence_id)


def check(engine: VirtualEngine) -> None:
    for sequence_id in (*NOTES, *CALLS):
        assert isinstance(engine.ends(sequence_id)[0], Finished), engine.ends(sequence_id)
        assert np.array_equal(engine.pcm(sequence_id), undisturbed(sequence_id))


@pytest.mark.slow
def test_an_evicted_sequence_yields_the_very_frames_of_an_undisturbed_one() -> None:
    runner = make_runner(model(), num_lanes=3, num_cached=SCARCE)
    engine, evicted = spoken_by(runner)
    assert set(evicted) <= set(NOTES)
    assert evicted
    check(engine)
    pool = runner._lanes._generator.pool
    assert pool.num_free == pool.num_blocks


class NarrowDevice:
    """A slow transformer on a device that has memory for one row at a time."""

    def __init__(self, slow: SlowTransformer) -> None:
        self._slow = slow
        self.num_refused = 0

    def __call__(self, columns: Tensor, positions: Tensor, key_values: KeyValues) -> Tensor:
        if (positions[1:] != positions[:-1] + 1).any():
            self.num_refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._slow(columns, positions, key_values)


@pytest.mark.slow
def test_a_device_without_memory_for_all_rows_makes_them_one_after_another() -> None:
    speaker = model()
    slow = NarrowDevice(speaker.language_model.slow)
    language_model = replace(speaker.language_model, slow=slow)  # type: ignore[arg-type]
    narrow = replace(speaker, language_model=language_model)
    engine, evicted = spoken_by(make_runner(narrow, num_lanes=3, num_cached=PLENTY))
    assert slow.num_refused
    assert not evicted
    check(engine)
