"""OpenAudio S1-mini behind the engine's seam."""

import secrets
import time
from collections.abc import Callable, Collection

import torch

from engine.errors import OutOfMemory
from engine.request import SynthesisRequest
from engine.runner import Feature, ModelInfo
from engine.runners.s1.blocks import holders
from engine.runners.s1.capture import Capture
from engine.runners.s1.cloning import S1ReferenceEncoder
from engine.runners.s1.decoding import MAX_CHUNK, Decoding
from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.drawing import PREFILL_TOKENS, Drawing
from engine.runners.s1.errors import PromptRejected
from engine.runners.s1.forward import NoiseSource
from engine.runners.s1.generation import BLOCK_SIZE, FrameGenerator
from engine.runners.s1.job import Job
from engine.runners.s1.lanes import Lanes
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.reader import (
    SPEECH_LIMITS,
    SegmentLimits,
    SegmentReader,
    most_voice_tokens,
)
from engine.runners.s1.sequence import Sequence
from engine.runners.s1.voices import Voices, catalogue
from engine.runners.s1.width import Width
from engine.steps import Row, RowResult, StepPlan, StepResult
from engine.text.segment import SegmentRules

#: The model was trained on sentences and sounds flat in pieces; but a call's first piece should be
#: spoken before a long sentence is written to its end.
_SEGMENTATION = SegmentRules(first_max_words=16, max_words=48, max_chars=300)
#: Of the released weights: not for commercial use.
_WEIGHTS_LICENCE = "CC-BY-NC-SA-4.0"
#: Seeds that are drawn: as many as a client can write in JSON and get back unchanged.
_NUM_SEEDS = 2**53


class S1Runner:
    """The `Runner` of S1-mini. All rows of a step draw each frame together."""

    def __init__(
        self,
        model: S1Model,
        voices: Voices,
        *,
        num_lanes: int,
        num_cached: int,
        noise: NoiseSource | None = None,
        limits: SegmentLimits = SPEECH_LIMITS,
        capture: Capture | None = None,
        draw_seed: Callable[[], int] = lambda: secrets.randbelow(_NUM_SEEDS),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Speak with a loaded model.

        Args:
            model: the checkpoint.
            voices: what requests may name.
            num_lanes: the most rows of a step.
            num_cached: tokens that the KV cache holds, of all sequences together.
            noise: what decides the draws, by counter unless a test replays another's.
            limits: of every segment, those of speech unless a test replays another's.
            capture: records what has fixed shapes; without it everything is computed anew.
            draw_seed: gives the seed of a request that states none.
            clock: seconds.
        """
        self._voices = voices
        self._draw_seed = draw_seed
        self._clock = clock
        self._num_codebooks = model.language_model.config.num_codebooks
        decoder = model.codec.decoder
        num_blocks = -(-num_cached // BLOCK_SIZE)
        generator = FrameGenerator(
            model.language_model,
            num_slots=num_lanes,
            num_blocks=num_blocks,
            noise=noise,
            capture=capture,
        )
        self._lanes = Lanes(generator, decoder, num_lanes, MAX_CHUNK)
        # Alone, every sequence that is begun finds room for all that it may come to.
        max_tokens = min(model.language_model.config.max_seq_len, num_blocks * BLOCK_SIZE)
        self._reader = SegmentReader(generator, model.prompts, max_tokens, limits)
        self._drawing = Drawing(
            generator,
            model.tokenizer.im_end_id,
            Width(num_lanes, clock),
            PREFILL_TOKENS[decoder.device.type],
        )
        self._decoding = Decoding(
            decoder, self._lanes.codec_state, Width(num_lanes, clock), capture
        )
        self._sequences: dict[int, Sequence] = {}
        self._slots: dict[int, int] = {}
        #: By sequence: what was drawn, and found no memory to be decoded.
        self._undecoded: dict[int, Job] = {}
        encoder = S1ReferenceEncoder(model, most_voice_tokens(max_tokens))
        self._info = _info_of(model, voices, encoder, num_lanes)

    @property
    def info(self) -> ModelInfo:
        """What S1-mini can do."""
        return self._info

    @torch.inference_mode()
    def run(self, plan: StepPlan) -> StepResult:
        """Do one step: frame by frame until the rows have theirs, or the time budget is spent."""
        deadline_s = self._clock() + plan.time_budget_s
        self._move(plan)
        rows = plan.rows[: self._info.max_rows]
        planned = {self._slots[row.slot] for row in rows}
        jobs = [job for row in rows if (job := self._job(row, planned)) is not None]
        while waiting := [job for job in jobs if job.wants_frames]:
            self._drawing.draw(waiting)
            if self._clock() >= deadline_s:
                break
        for job in self._decoding.decode(jobs):
            self._undecoded[job.sequence.id] = job
        starved = tuple(job.slot for job in jobs if job.is_starved)
        return StepResult(_results(jobs), starved, self._holding() if starved else ())

    def close(self) -> None:
        """Forget every sequence."""
        for sequence in self._sequences.values():
            self._lanes.drop(sequence)
        self._sequences.clear()
        self._slots.clear()
        self._undecoded.clear()

    def _move(self, plan: StepPlan) -> None:
        gone = {*plan.released, *plan.evicted, *plan.parked}
        self._slots = {slot: held for slot, held in self._slots.items() if held not in gone}
        for sequence_id in plan.released:
            if sequence := self._sequences.pop(sequence_id, None):
                self._lanes.drop(sequence)
                self._undecoded.pop(sequence_id, None)
        for sequence_id in plan.evicted:
            self._lanes.evict(self._sequences[sequence_id])
        for admission in plan.admissions:
            self._slots[admission.slot] = admission.sequence_id
            if admission.sequence_id not in self._sequences:
                self._admit(admission.sequence_id, admission.request)
        for prefill in plan.prefills:
            self._sequences[self._slots[prefill.slot]].upcoming = prefill.segment.text

    def _admit(self, sequence_id: int, request: SynthesisRequest) -> None:
        sampling = request.sampling
        stated = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "repetition_penalty": sampling.repetition_penalty,
        }
        self._sequences[sequence_id] = Sequence(
            id=sequence_id,
            voice=self._voice(request),
            parameters=DrawParameters(
                seed=self._draw_seed() if sampling.seed is None else sampling.seed,
                **{name: value for name, value in stated.items() if value is not None},
            ),
            num_codebooks=self._num_codebooks,
        )

    def _voice(self, request: SynthesisRequest) -> tuple[SpokenText, ...]:
        if request.references:
            return tuple(SpokenText(each.text, each.codes) for each in request.references)
        own = self._voices[request.voice]
        return () if own is None else (own,)

    def _job(self, row: Row, planned: Collection[int]) -> Job | None:
        """Seat the row's sequence, and begin its segment if it is a new one.

        None where the device has no memory for that: it is left out of this step.
        """
        sequence = self._sequences[self._slots[row.slot]]
        try:
            lane = self._lanes.seat(sequence, planned)
            if sequence.id in self._undecoded:
                return self._undecoded.pop(sequence.id).again(row.slot, lane)
            job = Job(row.slot, min(row.num_frames, MAX_CHUNK), sequence, lane)
            if sequence.upcoming is not None:
                self._begin(job, sequence.upcoming)
        except OutOfMemory:
            return None
        if sequence.segment is None and job.error is None and not job.segment_done:
            job.error = "no segment to speak"
        return job

    def _begin(self, job: Job, text: str) -> None:
        if text.strip():
            try:
                self._reader.begin(job.sequence, job.lane, text)
            except PromptRejected as error:
                job.error = str(error)
        else:
            # Asked to say nothing, the model would say something.
            job.segment_done = True
        job.sequence.upcoming = None

    def _holding(self) -> tuple[int, ...]:
        found = {each.id: self._lanes.context(each) for each in self._sequences.values()}
        return tuple(holders({i: each.table for i, each in found.items() if each is not None}))


def _info_of(
    model: S1Model, voices: Voices, encoder: S1ReferenceEncoder, num_lanes: int
) -> ModelInfo:
    decoder = model.codec.decoder
    return ModelInfo(
        name="s1",
        device=str(decoder.device),
        sample_rate_hz=model.codec.config.sample_rate_hz,
        frame_samples=decoder.frame_samples,
        voices=catalogue(voices),
        features=frozenset({Feature.MARKERS, Feature.SAMPLING}),
        segmentation=_SEGMENTATION,
        encoder=encoder,
        max_rows=num_lanes,
        weights_licence=_WEIGHTS_LICENCE,
    )


def _results(jobs: list[Job]) -> tuple[RowResult, ...]:
    return tuple([result for job in jobs if (result := job.result()) is not None])
