"""Drives S1 as an engine does, without a scheduler, and times its steps."""

import resource
import time

import numpy as np
import torch

from engine.errors import EngineError
from engine.pytorch.memory import memory_for
from engine.request import SynthesisRequest
from engine.runners.s1.capture import Capture
from engine.runners.s1.decoding import MAX_CHUNK
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.runner import S1Runner
from engine.steps import Admission, Prefill, Row, StepPlan
from engine.text.segment import Segment
from engine.voices import DEFAULT_VOICE
from loadtest.roofline import Ceiling, codec_work, fast_work, slow_work
from loadtest.stages import Stages

Figure = dict[str, float]

#: About four seconds of speech, and never spoken to its end.
_TEXT = "What a bench says does not matter, as long as it goes on."
_VOICE = "bench"
#: Tokens that a sequence reads and draws besides its voice, at most.
_BEYOND_VOICE = 512


class CannotMeasure(EngineError):
    """The model does not do what is to be measured."""


class StepBench:
    """Every row has read a voice of `context` tokens, and makes `chunk` frames in a step."""

    def __init__(
        self,
        model: S1Model,
        ceiling: Ceiling,
        *,
        max_batch: int,
        chunk: int,
        context: int,
        capture: Capture | None = None,
    ) -> None:
        """Take a model. Its stages are timed, unless `capture` records them as one.

        Raises:
            CannotMeasure: the model does not read such a context, no voice is as short, or no step
                makes such a chunk.
            OutOfMemory: there is no memory for so many rows.
        """
        limit = model.language_model.config.max_seq_len
        if context > limit:
            raise CannotMeasure(f"--context: the model reads {limit} tokens, and not {context}")
        if chunk > MAX_CHUNK:
            raise CannotMeasure(f"--chunk: a step makes {MAX_CHUNK} frames of a row at most")
        self._stages = Stages(model)
        self._ceiling = ceiling
        self._chunk, self._context = chunk, context
        with memory_for(f"{max_batch} rows of {context + _BEYOND_VOICE} tokens"):
            self._runner = S1Runner(
                self._stages.model if capture is None else model,
                {DEFAULT_VOICE: None, _VOICE: _voice(model, context)},
                num_lanes=max_batch,
                num_cached=max_batch * (context + _BEYOND_VOICE),
                capture=capture,
            )
        self._num_begun = 0

    def first_audio_s(self, voice: str = _VOICE) -> float:
        """Return the seconds from a new sequence to the samples of its first frame."""
        began_s = time.perf_counter()
        ids = self._begin(1, voice)
        self._step(1, 1)
        took_s = time.perf_counter() - began_s
        self._runner.run(StepPlan(released=ids))
        return took_s

    def measure(self, batch: int, repeats: int) -> Figure:
        """Return what the fastest of some steps of `batch` rows took, by stage and for a frame."""
        ids = self._begin(batch)
        self._step(batch, self._chunk)
        best = min((self._timed_step(batch) for _ in range(repeats)), key=_ms_per_frame)
        self._runner.run(StepPlan(released=ids))
        return best | {"bound_ms": sum(part["bound_ms"] for part in self.bounds(batch).values())}

    def bounds(self, batch: int) -> dict[str, Figure]:
        """Return the arithmetic of the roofline for each stage of a frame of `batch` rows."""
        model = self._stages.model
        language_model = model.language_model
        config = language_model.config
        num_scored, num_codes = len(language_model.head.token_ids), language_model.fast.num_scored
        works = {
            "slow": slow_work(config, batch, self._context),
            "fast": fast_work(config, num_scored, num_codes, batch),
            "codec": codec_work(model.codec.config, batch, self._chunk),
        }
        itemsize = language_model.dtype.itemsize
        return {stage: work.bound(self._ceiling, itemsize) for stage, work in works.items()}

    def memory_mib(self) -> Figure:
        """Return the most memory that the process had, and on a GPU its tensors."""
        peak = {"process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024}
        if self._stages.model.language_model.device.type == "cuda":
            # What is reserved for recorded frames is allocated only while they are recorded.
            peak["device_mib"] = torch.cuda.max_memory_reserved() / 2**20
        return peak

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
            "audio_s_per_s": frames_per_s * info.frame_samples / info.sample_rate_hz,
            "ms_per_frame": wall_s * 1e3 / self._chunk,
            **spent,
        }

    def _begin(self, batch: int, voice: str = _VOICE) -> tuple[int, ...]:
        ids = tuple(range(self._num_begun, self._num_begun + batch))
        self._num_begun += batch
        request = SynthesisRequest(voice=voice)
        segment = Segment(_TEXT, 0, len(_TEXT))
        self._runner.run(
            StepPlan(
                admissions=tuple(Admission(slot, i, request) for slot, i in enumerate(ids)),
                prefills=tuple(Prefill(slot, segment) for slot in range(batch)),
            )
        )
        return ids

    def _step(self, batch: int, num_frames: int) -> int:
        """Do a step; return the frames that all rows made.

        Raises:
            CannotMeasure: a row failed, or came to its end.
        """
        rows = tuple(Row(slot, num_frames) for slot in range(batch))
        made = self._runner.run(StepPlan(rows=rows)).rows
        for row in made:
            if row.error is not None or row.segment_done:
                raise CannotMeasure(row.error or "a text ended: ask for fewer frames or repeats")
        return sum(len(row.pcm) for row in made) // self._runner.info.frame_samples


def _voice(model: S1Model, context: int) -> SpokenText:
    """Return a reference that takes `context` tokens, of which one at least is a frame.

    Raises:
        CannotMeasure: there is no room for one.
    """
    num_other = model.prompts.prefix().shape[1] + model.prompts.following(_TEXT).shape[1]
    if context <= num_other:
        raise CannotMeasure(f"--context: what is spoken takes {num_other} tokens, and a voice more")
    sizes = model.codec.config.codebook_sizes
    shape = (len(sizes), context - num_other)
    return SpokenText(_TEXT, np.random.default_rng(0).integers(0, min(sizes), shape))


def _ms_per_frame(figure: Figure) -> float:
    return figure["ms_per_frame"]
