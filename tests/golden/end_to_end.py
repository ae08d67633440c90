"""`i_e2e.*`: a recording to codes, and a text in its voice to samples, as it is served."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.request import Sampling, SynthesisRequest
from engine.runners.s1.language_model import Vocabulary
from engine.runners.s1.model import load_model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.runner import S1Runner
from engine.steps import Admission, Pcm, Prefill, Row, RowResult, StepPlan
from engine.text.segment import Segment
from engine.voices import DEFAULT_VOICE
from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.decode import WAVE_TOLERANCE
from tests.golden.streaming import CHUNKS, decode_among_neighbours

#: PCM16 is cut towards zero: by less than a step.
_PCM_STEP = 2.0**-15
_OURS, _NUM_ROWS = 2, 4
#: The step before which the sequence is parked, and goes on in another slot.
_PARKED_AT = 3


def compare_ends(folder: Path) -> list[Comparison]:
    """Compare with `i_e2e.safetensors` and the sizes in `i_e2e.json` of `folder`."""
    vectors = load_file(folder / "i_e2e.safetensors")
    stated = read_json(folder / "i_e2e.json")
    codec = codec_of(folder / "checkpoint")
    reference = codec.encoder.encode(samples_of(vectors["ref_pcm_s16"]))
    wave = decode_among_neighbours(codec.decoder, vectors["codes"])
    served = _serve(folder / "checkpoint", stated, reference)
    return [
        equal("i.ref_codes", reference, vectors["ref_codes"]),
        near("i.wave", wave, vectors["wave"], WAVE_TOLERANCE),
        near("i.served", served, vectors["wave"], WAVE_TOLERANCE + _PCM_STEP),
        equal("i.samples", [len(wave), len(served)], [int(stated["samples"])] * 2),
        equal("i.frames", vectors["codes"].shape[1], int(stated["frames"])),
    ]


def _serve(checkpoint: Path, case: dict[str, Any], reference: Tensor) -> Tensor:
    """Return the samples (n,) of the case's text, by the runner that a server has.

    Others speak in the same steps, rows ramp, and our sequence is parked on the way.
    """
    model = load_model(
        checkpoint,
        device=torch.device("cpu"),
        dtype=torch.float32,
        vocabulary=Vocabulary.ALL,
    )
    voices = {DEFAULT_VOICE: None, "golden": SpokenText(case["ref_text"], reference.numpy())}
    runner = S1Runner(model, voices, num_lanes=_NUM_ROWS, num_cached=4_096)
    admissions = [_admission(case, slot) for slot in range(_NUM_ROWS)]
    prefills = [Prefill(slot, _segment(case, slot)) for slot in range(_NUM_ROWS)]
    runner.run(StepPlan(admissions=tuple(admissions), prefills=tuple(prefills)))
    found = _Listener(runner.info.frame_samples, case["frames"])
    while not found.has_all:
        found.hear(runner.run(found.plan(admissions[_OURS])).rows)
    return samples_of(torch.from_numpy(np.concatenate(found.pieces)))


class _Listener:
    """Plans the steps, and hears our sequence among the others."""

    def __init__(self, frame_samples: int, num_frames: int) -> None:
        self.pieces: list[Pcm] = []
        self._frame_samples = frame_samples
        self._num_left = num_frames
        self._num_steps = 0
        self._slot = _OURS
        self._speaking = set(range(_NUM_ROWS))

    @property
    def has_all(self) -> bool:
        return self._num_left <= 0 or self._slot not in self._speaking

    def plan(self, admission: Admission) -> StepPlan:
        parked: tuple[int, ...] = ()
        resumed: tuple[Admission, ...] = ()
        if self._num_steps == _PARKED_AT:
            # To a slot that nobody had: what was in the old one must not matter.
            self._speaking.discard(self._slot)
            self._slot = _NUM_ROWS
            self._speaking.add(self._slot)
            parked, resumed = (_OURS,), (replace(admission, slot=self._slot),)
        chunk = min(CHUNKS[self._num_steps % len(CHUNKS)], self._num_left)
        self._num_steps += 1
        rows = tuple(Row(slot, chunk) for slot in sorted(self._speaking))
        return StepPlan(parked=parked, admissions=resumed, rows=rows)

    def hear(self, rows: tuple[RowResult, ...]) -> None:
        for row in rows:
            if row.slot == self._slot:
                self.pieces.append(row.pcm)
                self._num_left -= len(row.pcm) // self._frame_samples
            if row.segment_done:
                self._speaking.discard(row.slot)


def _admission(case: dict[str, Any], slot: int) -> Admission:
    """Return our sequence, or one of its neighbours, whose numbers are their slots."""
    sampling = Sampling(
        seed=slot,
        temperature=case["temperature"],
        top_p=case["top_p"],
        repetition_penalty=case["repetition_penalty"],
    )
    if slot == _OURS:
        return Admission(slot, slot, SynthesisRequest(voice="golden", sampling=sampling))
    return Admission(slot, slot, SynthesisRequest(voice=DEFAULT_VOICE))


def _segment(case: dict[str, Any], slot: int) -> Segment:
    text = case["text"] if slot == _OURS else "Somebody else." * (slot + 1)
    return Segment(text, 0, len(text))
