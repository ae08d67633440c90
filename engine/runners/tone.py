"""A sine for every sequence: the whole engine without a model.

For tests, load tests and capacity planning: a step takes as long as a table says, on the real clock
or on a virtual one.
"""

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

import numpy as np

from engine.runner import ModelInfo
from engine.steps import Admission, Pcm, Row, RowResult, StepPlan, StepResult, WordMark
from engine.text.segment import Segment
from engine.voices import Voice, VoiceCatalogue

SAMPLE_RATE_HZ = 24_000
#: 40 ms.
FRAME_SAMPLES = 960
#: English speech runs at about 15 characters a second.
SAMPLES_PER_CHAR = SAMPLE_RATE_HZ // 15
#: A quarter of full scale, so that some gain can be added without clipping.
AMPLITUDE = 8_192
BASE_HZ = 220.0
#: Neighbouring sequences sound a semitone apart, within three octaves.
NUM_PITCHES = 36
#: Tones are multiples of 10 Hz, so that each repeats after this many samples: load tests measure
#: what is around the runner, and a sine by itself would cost more than that.
CYCLE_SAMPLES = SAMPLE_RATE_HZ // 10
#: The longest row of the ramp is cut from so many cycles, wherever it begins.
_NUM_CYCLES = 5
#: A minute of silence is no model any more; endless ones would hang the engine.
MAX_STEP_S = 60.0

_WORD = re.compile(r"\S+")
_BEGIN = attrgetter("at")


def frequency_hz(sequence_id: int, pitch: float = 0.0) -> float:
    """Return the tone of a sequence, shifted by `pitch` semitones."""
    semitones = sequence_id % NUM_PITCHES + pitch
    return 10.0 * round(BASE_HZ * 2 ** (semitones / 12) / 10.0)


class StepTimes:
    """How long a step takes, by its number of rows: a table with straight lines between."""

    def __init__(self, table: Mapping[int, float]) -> None:
        """Take `rows → seconds`; below the first and above the last entry the value is theirs."""
        self._rows = sorted(table)
        self._seconds = [table[rows] for rows in self._rows]

    def __call__(self, num_rows: int) -> float:
        """Return the seconds for a step of `num_rows` rows."""
        if not self._rows or not num_rows:
            return 0.0
        return float(np.interp(num_rows, self._rows, self._seconds))

    @classmethod
    def parse(cls, text: str) -> "StepTimes":
        """Read `rows:milliseconds` pairs such as `1:5,400:20`.

        Raises:
            ValueError: the text has another form, or no step can have so many rows or take so long.
        """
        pairs = (pair.split(":", 1) for pair in text.split(",") if pair.strip())
        table = {int(rows): float(milliseconds) / 1e3 for rows, milliseconds in pairs}
        for rows, seconds in table.items():
            if rows < 1 or not 0 <= seconds <= MAX_STEP_S:
                raise ValueError(f"not {rows}:{seconds * 1e3:g}")
        return cls(table)


@dataclass(slots=True)
class _State:
    #: One cycle.
    wave: Pcm
    segment: Segment | None = None
    segment_at: int = 0
    #: All of the segment, in order.
    words: Sequence[WordMark] = ()
    phase_at: int = 0

    def begin(self, segment: Segment) -> None:
        """Speak `segment` from now on."""
        self.segment, self.segment_at = segment, 0
        self.words = _words(segment.text)

    def words_between(self, begin: int, end: int) -> tuple[WordMark, ...]:
        """Return the words whose first character is spoken in samples `begin..end-1`."""
        first, last = (bisect_left(self.words, at, key=_BEGIN) for at in (begin, end))
        return tuple(self.words[first:last])


class ToneRunner:
    """A `Runner` whose every segment lasts its number of characters over 15 seconds."""

    def __init__(
        self,
        step_times: StepTimes | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
        max_rows: int = 1_024,
    ) -> None:
        """Take `step_times` for each step, by `clock`; `sleep` passes what is left of it."""
        self._step_times = step_times or StepTimes({})
        self._sleep = sleep
        self._clock = clock
        self._states: dict[int, _State] = {}
        self._slots: dict[int, int] = {}
        self._info = ModelInfo(
            name="tone",
            device="cpu",
            sample_rate_hz=SAMPLE_RATE_HZ,
            frame_samples=FRAME_SAMPLES,
            voices=VoiceCatalogue([Voice("tone", "A sine", ("en",))], default="tone"),
            pitch_range=(-12.0, 12.0),
            max_rows=max_rows,
        )

    @property
    def info(self) -> ModelInfo:
        """What the model is and can do."""
        return self._info

    def run(self, plan: StepPlan) -> StepResult:
        """Do one step, in the time the table gives it."""
        started_s = self._clock()
        for sequence_id in plan.released:
            self._states.pop(sequence_id, None)
        for admission in plan.admissions:
            self._admit(admission)
        for prefill in plan.prefills:
            self._states[self._slots[prefill.slot]].begin(prefill.segment)
        rows = tuple(self._advance(row) for row in plan.rows)
        rest_s = self._step_times(len(rows)) - (self._clock() - started_s)
        if rest_s > 0:
            self._sleep(rest_s)
        return StepResult(rows)

    def close(self) -> None:
        """Forget everything."""
        self._states.clear()
        self._slots.clear()

    def _admit(self, admission: Admission) -> None:
        self._slots[admission.slot] = admission.sequence_id
        if admission.sequence_id not in self._states:
            tone_hz = frequency_hz(admission.sequence_id, admission.request.pitch)
            self._states[admission.sequence_id] = _State(_wave(tone_hz))

    def _advance(self, row: Row) -> RowResult:
        state = self._states[self._slots[row.slot]]
        segment = state.segment
        if segment is None:
            return RowResult(row.slot, np.zeros(0, np.int16), error="no segment to speak")
        begin = state.segment_at
        total = len(segment.text) * SAMPLES_PER_CHAR
        end = min(begin + row.num_frames * FRAME_SAMPLES, total)
        state.segment_at = end
        words = state.words_between(begin, end)
        return RowResult(row.slot, _sine(state, end - begin), words, end == total)


@cache
def _wave(tone_hz: float) -> Pcm:
    wave = np.sin(np.arange(CYCLE_SAMPLES) * (2 * np.pi * tone_hz / SAMPLE_RATE_HZ))
    pcm: Pcm = np.tile(np.round(wave * AMPLITUDE).astype(np.int16), _NUM_CYCLES)
    # Rows are views of it.
    pcm.flags.writeable = False
    return pcm


def _sine(state: _State, num_samples: int) -> Pcm:
    begin = state.phase_at
    end = begin + num_samples
    state.phase_at = end % CYCLE_SAMPLES
    wave = state.wave
    if end > len(wave):
        wave = np.tile(wave, -(-end // len(wave)))
    return wave[begin:end]


def _words(text: str) -> list[WordMark]:
    spans = (match.span() for match in _WORD.finditer(text))
    return [WordMark(start * SAMPLES_PER_CHAR, start, end) for start, end in spans]
