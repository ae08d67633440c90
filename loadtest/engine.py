"""What a step of S1 takes, and where: `python -m loadtest.engine`. Full size, random weights.

Every row has read a voice of 300 tokens. Every figure is the best of a number of repeats: on a
machine that does other work too, the best is what the code takes.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.request import SynthesisRequest
from engine.runners.s1.build import fastest_dtype
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.random_model import random_model
from engine.runners.s1.runner import S1Runner
from engine.steps import Admission, Prefill, Row, StepPlan
from engine.text.segment import Segment
from engine.voices import DEFAULT_VOICE
from loadtest.machine import machine
from loadtest.stages import STAGES, Stages

Figure = dict[str, float]

#: A byte is a token here; about four seconds of speech, and never spoken to its end.
_TEXT = "What a bench says does not matter, as long as it goes on."
_VOICE_FRAMES = 220
_COLUMNS = ("batch", "frames_per_s", "realtime", "ms_per_frame", *(f"{s}_ms" for s in STAGES))
_HEAD = "  ".join(f"{column:>12}" for column in _COLUMNS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.engine", description=__doc__)
    parser.add_argument("--model", default="random-s1-mini", choices=("random-s1-mini",))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="default: the faster one")
    parser.add_argument("--batch", default="1,2,4,8,16", help="rows of a step, comma-separated")
    parser.add_argument("--chunk", type=int, default=4, help="frames of a row in a step")
    parser.add_argument("--threads", type=int, default=2, help="of a CPU")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to FILE")
    flags = parser.parse_args(arguments)
    batches = [int(part) for part in flags.batch.split(",")]
    torch.set_num_threads(flags.threads)
    device = torch.device(flags.device)
    dtype = getattr(torch, flags.dtype) if flags.dtype else fastest_dtype(device)
    title = f"{machine()}; torch {torch.__version__}, {device}, {dtype}, {flags.threads} threads"
    print(title, flush=True)
    bench = Bench(random_model(device, dtype), max(batches), flags.chunk, flags.repeats)
    result = {"machine": title, "chunk": flags.chunk} | bench.measure(batches)
    if flags.json is not None:
        flags.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


class Bench:
    """Drives a runner as an engine does, without a scheduler."""

    def __init__(self, model: S1Model, max_batch: int, chunk: int, repeats: int) -> None:
        """Take a model; its stages are timed from now on."""
        self._stages = Stages(model)
        sizes = model.codec.config.codebook_sizes
        codes = np.random.default_rng(0).integers(0, min(sizes), (len(sizes), _VOICE_FRAMES))
        voices = {DEFAULT_VOICE: None, "bench": SpokenText(_TEXT, codes)}
        self._runner = S1Runner(
            self._stages.model, voices, num_lanes=max_batch, num_cached=max_batch * 1_024
        )
        self._chunk, self._repeats = chunk, repeats
        self._num_begun = 0

    def measure(self, batches: list[int]) -> dict[str, object]:
        """Print and return first audio, then a line for each batch."""
        # The second one finds the voice's keys and values in the cache.
        new_s, cached_s = self._first_audio_s(), self._first_audio_s()
        print(f"first audio {new_s:.3f} s, with the voice in the cache {cached_s:.3f} s\n{_HEAD}")
        figures = []
        for batch in batches:
            figures.append(self._measure_batch(batch))
            print("  ".join(f"{figures[-1][column]:>12.1f}" for column in _COLUMNS), flush=True)
        memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
        print(f"memory {memory_mib:.0f} MiB of the process, at most")
        return {
            "first_audio_s": new_s,
            "first_audio_cached_s": cached_s,
            "batches": figures,
            "memory_mib": memory_mib,
        }

    def _first_audio_s(self) -> float:
        began_s = time.perf_counter()
        ids = self._begin(1)
        self._step(1, 1)
        took_s = time.perf_counter() - began_s
        self._runner.run(StepPlan(released=ids))
        return took_s

    def _measure_batch(self, batch: int) -> Figure:
        ids = self._begin(batch)
        self._step(batch, self._chunk)
        best = min((self._timed_step(batch) for _ in range(self._repeats)), key=_wall_ms)
        self._runner.run(StepPlan(released=ids))
        return best

    def _timed_step(self, batch: int) -> Figure:
        self._stages.reset()
        began_s = time.perf_counter()
        num_frames = self._step(batch, self._chunk)
        wall_s = time.perf_counter() - began_s
        info = self._runner.info
        frames_per_s = num_frames / wall_s
        # A step makes `chunk` frames of each row, one after another.
        spent = {f"{name}_ms": s * 1e3 / self._chunk for name, s in self._stages.spent(wall_s)}
        return {
            "batch": batch,
            "frames_per_s": frames_per_s,
            "realtime": frames_per_s * info.frame_samples / info.sample_rate_hz,
            "ms_per_frame": wall_s * 1e3 / self._chunk,
            **spent,
        }

    def _begin(self, batch: int) -> tuple[int, ...]:
        ids = tuple(range(self._num_begun, self._num_begun + batch))
        self._num_begun += batch
        request = SynthesisRequest(voice="bench")
        segment = Segment(_TEXT, 0, len(_TEXT))
        self._runner.run(
            StepPlan(
                admissions=tuple(Admission(slot, i, request) for slot, i in enumerate(ids)),
                prefills=tuple(Prefill(slot, segment) for slot in range(batch)),
            )
        )
        return ids

    def _step(self, batch: int, num_frames: int) -> int:
        """Do a step; return the frames that all rows made, which must not come to their end."""
        rows = tuple(Row(slot, num_frames) for slot in range(batch))
        made = self._runner.run(StepPlan(rows=rows)).rows
        for row in made:
            if row.error is not None or row.segment_done:
                raise RuntimeError(row.error or "a row came to its end")
        return sum(len(row.pcm) for row in made) // self._runner.info.frame_samples


def _wall_ms(figure: Figure) -> float:
    return figure["ms_per_frame"]


if __name__ == "__main__":
    sys.exit(main())
