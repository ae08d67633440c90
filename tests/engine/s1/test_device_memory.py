"""Where a device has no memory for a moment, everyone says the very same, only later."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from engine.errors import OutOfMemory
from engine.outputs import Finished
from engine.pytorch.memory import memory_for
from engine.runners.s1 import decoding
from engine.runners.s1.codec import CodecState
from engine.runners.s1.codec.decoder import Generator
from engine.runners.s1.draw_state import DrawState
from engine.runners.s1.dual_ar import SlowTransformer
from engine.runners.s1.frames import FrameDrawer
from engine.runners.s1.runner import S1Runner
from engine.runners.s1.width import NO_MEMORY, PATIENCE_S, Width
from engine.scheduling.limits import SchedulerLimits
from engine.steps import Pcm, Row, StepPlan
from tests.engine.conformance import Bench
from tests.engine.s1.speaker import VOICES, make_runner, tiny_speaker
from tests.helpers.virtual_engine import VirtualEngine

CALLS = (1, 2, 3)
TEXT = "What a day it was. Say it again now."
#: Fewer than calls, so that they take turns.
NUM_LANES = 2
#: Where tensors are allocated.
PLACES = {
    "setting a sequence aside": (CodecState, "copy_out"),
    "setting what it drew aside": (DrawState, "copy_out"),
    "taking it back": (CodecState, "copy_in"),
    "taking back what it drew": (DrawState, "copy_in"),
    "seating it": (CodecState, "reset"),
    "beginning a segment": (DrawState, "begin"),
    "reading on": (DrawState, "forget"),
    "reading": (SlowTransformer, "__call__"),
    "drawing": (FrameDrawer, "__call__"),
    "decoding": (Generator, "__call__"),
    "making PCM of it": (decoding, "to_pcm16"),
}


def spoken() -> list[Pcm]:
    runner = make_runner(tiny_speaker(torch.float64, end_scale=4.0), num_lanes=NUM_LANES)
    engine = VirtualEngine(SchedulerLimits(num_slots=3, note_floor=2), runner=runner)
    for call in CALLS:
        engine.open(call, TEXT)
    while plan := engine.step():
        assert not plan.evicted
    assert all(isinstance(engine.ends(call)[0], Finished) for call in CALLS)
    return [engine.pcm(call) for call in CALLS]


@cache
def undisturbed() -> list[Pcm]:
    return spoken()


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "name"), PLACES.values(), ids=PLACES.keys())
def test_no_want_of_memory_ends_the_engine_or_changes_a_sample(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    expected = undisturbed()
    right: Callable[..., object] = getattr(owner, name)
    num_calls = 0

    def scarce(*args: object, **options: object) -> object:
        nonlocal num_calls
        num_calls += 1
        made = right(*args, **options)
        if num_calls % 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return made

    monkeypatch.setattr(owner, name, scarce)
    found = spoken()
    assert num_calls > 1
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_a_cpu_without_memory_is_told_from_a_mistake() -> None:
    with pytest.raises(OutOfMemory, match="no memory for all that"), memory_for("all that"):
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match="shape"), memory_for("all that"):
        torch.zeros(2).view(3)


class Now:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Full:
    """A slow transformer on a device without memory."""

    def __call__(self, *_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")


def test_a_row_fails_once_a_device_has_had_no_memory_for_it_for_long() -> None:
    speaker, now = tiny_speaker(), Now()
    language_model = replace(speaker.language_model, slow=Full())  # type: ignore[arg-type]
    full = replace(speaker, language_model=language_model)
    bench = Bench(S1Runner(full, VOICES, num_lanes=2, num_cached=1_024, clock=now))
    bench.begin(0, 1)
    result = bench.runner.run(StepPlan(rows=(Row(0, 1),)))
    # Its keys and values are no part of that memory: nobody has to give up any.
    assert (result.rows, result.starved) == ((), ())
    now.now_s = PATIENCE_S
    assert bench.row(0).error == NO_MEMORY


def test_a_device_is_not_asked_again_for_what_it_lacked_until_it_had_some_for_long() -> None:
    width = Width(64, Now())
    width.narrow(64)
    width.narrow(32)
    assert width.num_rows == 16
    num_good = 0
    while width.num_rows == 16:
        width.widen()
        num_good += 1
    assert width.num_rows == 32
    assert num_good >= 50


def test_a_row_alone_is_hopeless_only_while_none_succeeds() -> None:
    now = Now()
    width = Width(4, now)
    width.narrow(1)
    now.now_s = PATIENCE_S - 1
    assert not width.is_hopeless
    width.widen()
    width.narrow(1)
    now.now_s += PATIENCE_S - 1
    assert not width.is_hopeless
    now.now_s += 1
    assert width.is_hopeless
