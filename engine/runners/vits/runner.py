"""A VITS checkpoint behind the engine's seam."""

import logging
import secrets
import traceback
from collections.abc import Callable

import torch

from engine.errors import EngineError
from engine.request import SynthesisRequest
from engine.runner import ModelInfo
from engine.runners.vits.model import VitsCheckpoint
from engine.runners.vits.noise import SegmentNoise
from engine.runners.vits.prior import Line
from engine.runners.vits.sequence import Sequence, Speech
from engine.runners.vits.voices import catalogue, speaker_of
from engine.steps import Prefill, Row, StepPlan, StepResult
from engine.text.segment import SegmentRules

_log = logging.getLogger(__name__)

#: A frame is as many hops as come nearest to this, the length of a frame of the other models.
_FRAME_S = 0.046
#: The text of a segment is read in one step, all other work is cut into windows. 24 words or 200
#: characters are read in the time of a window. Most checkpoints know no punctuation, so that they
#: pause between segments alone: longer ones would sound breathless.
_SEGMENTATION = SegmentRules(first_max_words=12, max_words=24, max_chars=200)
#: A segment is cut after this long for each of its tokens, about three times what speech takes, and
#: this long for what no text shows.
_MAX_S_PER_TOKEN, _EXTRA_S = 0.15, 3.0
_MAX_SAMPLE = 32_767
#: Seeds that are drawn: as many as a client can write in JSON and get back unchanged.
_NUM_SEEDS = 2**53


class VitsRunner:
    """The `Runner` of VITS. The rows that have to be worked at go through it together."""

    def __init__(
        self,
        checkpoint: VitsCheckpoint,
        *,
        max_batch: int,
        draw_seed: Callable[[], int] = lambda: secrets.randbelow(_NUM_SEEDS),
    ) -> None:
        """Speak with a loaded checkpoint.

        Args:
            checkpoint: what speaks.
            max_batch: rows that one step works at; others only hand out what is made.
            draw_seed: gives the seed of a request that states none.
        """
        self._checkpoint = checkpoint
        self._max_batch = max_batch
        self._draw_seed = draw_seed
        self._sequences: dict[int, Sequence] = {}
        self._slots: dict[int, int] = {}
        rate_hz, hop = checkpoint.sample_rate_hz, checkpoint.vocoder.hop_samples
        self._hops_per_s = rate_hz / hop
        self._info = ModelInfo(
            name="vits",
            device=str(checkpoint.device),
            sample_rate_hz=rate_hz,
            frame_samples=max(round(_FRAME_S * rate_hz / hop), 1) * hop,
            voices=catalogue(checkpoint.num_speakers, checkpoint.languages),
            speed_range=(0.5, 2.0),
            segmentation=_SEGMENTATION,
            weights_licence=checkpoint.licence,
        )

    @property
    def info(self) -> ModelInfo:
        """What the checkpoint can do."""
        return self._info

    @torch.inference_mode()
    def run(self, plan: StepPlan) -> StepResult:
        """Do one step: work at the most urgent rows that need it, and hand out what is made."""
        self._move(plan)
        for prefill in plan.prefills:
            self._begin(prefill)
        frame = self._info.frame_samples
        rows = [(row, self._speech(row)) for row in plan.rows]
        waiting = [speech for row, speech in rows if speech.wants(row.num_frames * frame)]
        self._work(waiting[: self._max_batch])
        results = (speech.hand_out(row, frame) for row, speech in rows)
        return StepResult(tuple(result for result in results if result is not None))

    def close(self) -> None:
        """Forget every sequence."""
        self._sequences.clear()
        self._slots.clear()

    def _move(self, plan: StepPlan) -> None:
        gone = {*plan.released, *plan.parked}
        self._slots = {slot: held for slot, held in self._slots.items() if held not in gone}
        for sequence_id in plan.released:
            self._sequences.pop(sequence_id, None)
        for admission in plan.admissions:
            self._slots[admission.slot] = admission.sequence_id
            if admission.sequence_id not in self._sequences:
                self._sequences[admission.sequence_id] = self._sequence(admission.request)

    def _sequence(self, request: SynthesisRequest) -> Sequence:
        seed = request.sampling.seed
        return Sequence(
            speaker=speaker_of(request.voice),
            speed=request.speed,
            seed=self._draw_seed() if seed is None else seed,
        )

    def _begin(self, prefill: Prefill) -> None:
        sequence = self._sequences[self._slots[prefill.slot]]
        noise = SegmentNoise(sequence.seed, sequence.num_segments)
        sequence.num_segments += 1
        sequence.speech = Speech(None)
        try:
            tokens = self._checkpoint.reader(prefill.segment.text)
        except Exception as error:  # noqa: BLE001 whatever it was, the other rows go on
            sequence.speech.error = _describe(error)
            return
        if tokens:
            max_s = (_EXTRA_S + _MAX_S_PER_TOKEN * len(tokens)) / sequence.speed
            sequence.speech.line = Line(
                tokens, sequence.speaker, sequence.speed, noise, int(max_s * self._hops_per_s)
            )

    def _speech(self, row: Row) -> Speech:
        speech = self._sequences[self._slots[row.slot]].speech
        return Speech(None, error="no segment to speak") if speech is None else speech

    def _work(self, speeches: list[Speech]) -> None:
        _together([speech for speech in speeches if speech.latents is None], self._read)
        _together([speech for speech in speeches if speech.error is None], self._decode)

    def _read(self, speeches: list[Speech]) -> None:
        lines = [speech.line for speech in speeches if speech.line is not None]
        for speech, latents in zip(speeches, self._checkpoint.prior(lines), strict=True):
            speech.latents = latents

    def _decode(self, speeches: list[Speech]) -> None:
        windows = [speech.window() for speech in speeches]
        waves = self._checkpoint.vocoder(windows)
        for speech, window, wave in zip(speeches, windows, waves, strict=True):
            if not wave.isfinite().all():
                speech.error = "the vocoder's numbers are not finite"
                continue
            pcm = (wave * _MAX_SAMPLE).round().to(torch.int16)
            speech.add(window, pcm.cpu().numpy())


def _together(speeches: list[Speech], work: Callable[[list[Speech]], None]) -> None:
    """Do `work` for all at once; if it fails, for each alone, so that only the bad one does."""
    if not speeches:
        return
    try:
        work(speeches)
    except Exception as error:  # noqa: BLE001 whatever it was, the other rows go on
        if len(speeches) == 1:
            speeches[0].error = _describe(error)
            return
        for speech in speeches:
            _together([speech], work)


def _describe(error: Exception) -> str:
    if isinstance(error, EngineError):
        return str(error)
    # Its message may hold the text, which nobody but its sender may read.
    name = type(error).__name__
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("a row has failed: %s in %s, line %s", name, place.name, place.lineno)
    return f"VITS failed: {name}"
