"""eSpeak NG behind the engine's seam: no weights, no GPU, more than a hundred languages."""

import logging
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.errors import EngineError, EngineFailed, ModelUnavailable
from engine.request import SynthesisRequest
from engine.runner import ModelInfo
from engine.runners.espeak.child import Child
from engine.runners.espeak.library import SAMPLE_RATE_HZ
from engine.runners.espeak.synthesis import Synthesis
from engine.runners.espeak.voices import catalogue
from engine.runners.espeak.wire import Manner
from engine.steps import Pcm, Row, RowResult, StepPlan, StepResult, WordMark
from engine.text.segment import Segment, SegmentRules

_log = logging.getLogger(__name__)

#: 46 ms, as long as a frame of the codecs of the neural models.
FRAME_SAMPLES = 1024
#: eSpeak's own pace.
_RATE_WPM = 175
#: eSpeak's own pitch and range. Its scale of pitch is 2 ** ((p - 50) / 50), and its scale of the
#: intonation's range is linear; moved together from end to end they shift the voice by 9 semitones
#: each way, measured on four voices to within one.
_MIDDLE = 50
_MAX = 99
_REACH_SEMITONES = 9.0
#: eSpeak shapes a clause as a whole, so few clauses are cut. Only the first limit makes live text
#: wait: three seconds at a talker's pace. Of 8, 10 and 12 words, 12 leave the most clauses whole,
#: and one of 16 to 22 words that is cut sounds the most as if it were not.
_SEGMENTATION = SegmentRules(first_max_words=12, max_words=40, max_chars=300)


@dataclass(slots=True)
class _Sequence:
    """A sequence's segment in the making: what is made and not yet handed out."""

    manner: Manner
    segment: Segment | None = None
    synthesis: Synthesis | None = None
    pcm: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    marks: list[WordMark] = field(default_factory=list)
    handed: int = 0
    finished: bool = False


class EspeakRunner:
    """The `Runner` of eSpeak NG. Rows are made one after another, in the order of urgency."""

    def __init__(self) -> None:
        """Start the process that speaks.

        Raises:
            ModelUnavailable: `espeakng-loader` is not installed, or its library cannot be used.
        """
        library_path, data_path = _installed()
        self._child = Child(library_path, data_path)
        voices, self._paths = catalogue(self._child.roll, Path(data_path))
        self._sequences: dict[int, _Sequence] = {}
        self._slots: dict[int, int] = {}
        self._info = ModelInfo(
            name="espeak",
            device="cpu",
            sample_rate_hz=SAMPLE_RATE_HZ,
            frame_samples=FRAME_SAMPLES,
            voices=voices,
            speed_range=(0.5, 2.5),
            pitch_range=(-_REACH_SEMITONES, _REACH_SEMITONES),
            segmentation=_SEGMENTATION,
            max_rows=512,
        )

    @property
    def info(self) -> ModelInfo:
        """What eSpeak NG can do."""
        return self._info

    def run(self, plan: StepPlan) -> StepResult:
        """Do one step; rows that come after the time budget is spent are left out."""
        deadline_s = time.monotonic() + plan.time_budget_s
        self._move(plan)
        for prefill in plan.prefills:
            sequence = self._sequences[self._slots[prefill.slot]]
            _begin(sequence, prefill.segment)
        results: list[RowResult] = []
        for row in plan.rows:
            if results and time.monotonic() >= deadline_s:
                break
            results.append(self._row(row))
        return StepResult(tuple(results))

    def close(self) -> None:
        """Forget every sequence, and end the process that speaks."""
        self._sequences.clear()
        self._slots.clear()
        self._child.close()

    def _move(self, plan: StepPlan) -> None:
        gone = {*plan.released, *plan.evicted, *plan.parked}
        self._slots = {slot: held for slot, held in self._slots.items() if held not in gone}
        for sequence_id in plan.released:
            self._sequences.pop(sequence_id, None)
        for admission in plan.admissions:
            self._slots[admission.slot] = admission.sequence_id
            if admission.sequence_id not in self._sequences:
                self._sequences[admission.sequence_id] = _Sequence(self._manner(admission.request))

    def _manner(self, request: SynthesisRequest) -> Manner:
        base, plus, variant = request.voice.partition("+")
        shift = request.pitch / _REACH_SEMITONES
        return Manner(
            voice=self._paths.get(base, base) + plus + variant,
            rate_wpm=round(_RATE_WPM * request.speed),
            pitch=_on_scale(_MIDDLE + _MIDDLE * shift),
            pitch_range=_on_scale(_MIDDLE * 2**shift),
        )

    def _row(self, row: Row) -> RowResult:
        sequence = self._sequences[self._slots[row.slot]]
        try:
            self._fill(sequence, row.num_frames * FRAME_SAMPLES)
            return _hand_out(sequence, row)
        except EngineFailed:
            raise
        except EngineError as error:
            return _failure(row, str(error))
        except Exception as error:  # noqa: BLE001 whatever it was, the other rows go on
            return _failure(row, _describe(error))

    def _fill(self, sequence: _Sequence, wanted: int) -> None:
        # One burst at most: a hostile segment costs its step no more than an honest one.
        if sequence.finished or len(sequence.pcm) >= wanted:
            return
        if sequence.synthesis is None:
            assert sequence.segment is not None  # noqa: S101 rows are planned for a segment only
            sequence.synthesis = Synthesis(self._child, sequence.manner, sequence.segment)
        burst = sequence.synthesis.burst()
        sequence.pcm = np.concatenate([sequence.pcm, burst.pcm])
        sequence.marks += burst.marks
        sequence.finished = burst.done


def _installed() -> tuple[str, str]:
    """Return where the library lies, and where its data."""
    try:
        import espeakng_loader  # optional: a server of another model does without it
    except ImportError as error:
        raise ModelUnavailable(
            'the model "espeak" needs eSpeak NG: pip install "voxline[espeak]"'
        ) from error
    return espeakng_loader.get_library_path(), espeakng_loader.get_data_path()


def _on_scale(value: float) -> int:
    return min(max(round(value), 0), _MAX)


def _begin(sequence: _Sequence, segment: Segment) -> None:
    sequence.segment = segment
    sequence.synthesis = None
    sequence.pcm = np.zeros(0, np.int16)
    sequence.marks = []
    sequence.handed = 0
    sequence.finished = False


def _failure(row: Row, message: str) -> RowResult:
    return RowResult(row.slot, np.zeros(0, np.int16), error=message)


def _describe(error: Exception) -> str:
    # Its message may hold the text, which nobody but its sender may read.
    name = type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("a row has failed: %s in %s, line %s", name, place.name, place.lineno)
    return f"eSpeak NG failed: {name}"


def _hand_out(sequence: _Sequence, row: Row) -> RowResult:
    count = min(row.num_frames * FRAME_SAMPLES, len(sequence.pcm))
    done = sequence.finished and count == len(sequence.pcm)
    if not done:
        count -= count % FRAME_SAMPLES
    pcm, sequence.pcm = sequence.pcm[:count], sequence.pcm[count:]
    sequence.handed += count
    marks = [m for m in sequence.marks if done or m.at < sequence.handed]
    sequence.marks = sequence.marks[len(marks) :]
    return RowResult(row.slot, pcm, tuple(marks), segment_done=done)
