"""A recording as a voice: the prompt it becomes, and whose keys and values it shares."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.cloning import EncodedReference
from engine.errors import Unsupported
from engine.request import Sampling, SynthesisRequest
from engine.runners.s1.cloning import S1ReferenceEncoder
from engine.runners.s1.generation import BLOCK_SIZE
from engine.runners.s1.guard import expected_frames
from engine.runners.s1.model import S1Model
from engine.runners.s1.prompt import SpokenText
from engine.runners.s1.reader import most_voice_tokens
from engine.runners.s1.runner import S1Runner
from engine.steps import Admission, Pcm, Prefill, Row, StepPlan
from engine.text.segment import Segment
from tests.engine.conformance import pcm
from tests.engine.s1.speaker import VOICES, make_runner, tiny_speaker
from tests.engine.s1.test_blocks import begun

TEXT = "A voice that says this."
MAX_TOKENS = 1_000


def recording(num_samples: int = 40 * 2_048) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, num_samples)
    return noise.astype(np.float32)


def encoded(model: S1Model) -> EncodedReference:
    return S1ReferenceEncoder(model, MAX_TOKENS).encode(recording(), TEXT, lambda: None)


def spoken(runner: S1Runner, sequence_id: int, request: SynthesisRequest) -> Pcm:
    plan = StepPlan(
        admissions=(Admission(0, sequence_id, request),),
        prefills=(Prefill(0, Segment("Say it.", 0, 7)),),
        rows=(Row(0, 8),),
    )
    said = pcm(list(runner.run(plan).rows))
    runner.run(StepPlan(released=(sequence_id,)))
    return said


def test_a_recording_is_what_the_codec_makes_of_it() -> None:
    model = tiny_speaker()
    made = encoded(model)
    assert made.text == TEXT
    assert np.array_equal(made.codes, model.codec.encoder.encode(torch.from_numpy(recording())))


def test_a_reference_sounds_as_a_voice_of_its_codes_and_shares_what_was_read_of_it() -> None:
    model = tiny_speaker(torch.float64)
    reference = encoded(model)
    runner = make_runner(model, {**VOICES, "own": _spoken_text(reference)})
    sampling = Sampling(seed=1)
    given = SynthesisRequest(voice="default", references=(reference,), sampling=sampling)
    first = spoken(runner, 1, given)
    pool = runner._lanes._generator.pool
    shared = begun(pool, model.prompts.prefix([_spoken_text(reference)]))
    assert shared.num_tokens >= 40 // BLOCK_SIZE * BLOCK_SIZE
    pool.close(shared)
    assert np.array_equal(spoken(runner, 2, given), first)
    named = SynthesisRequest(voice="own", sampling=sampling)
    assert np.array_equal(spoken(runner, 3, named), first)
    unnamed = SynthesisRequest(voice="default", sampling=sampling)
    assert not np.array_equal(spoken(runner, 4, unnamed), first)


def test_several_references_are_read_one_after_another_in_their_order() -> None:
    model = tiny_speaker(torch.float64)
    reference = encoded(model)
    other = EncodedReference("Another voice.", reference.codes[:, ::-1])
    runner = make_runner(model, VOICES)
    asked = SynthesisRequest(voice="default", sampling=Sampling(seed=1))
    orders = [(reference, other), (other, reference), (reference,), (other,)]
    said = [
        spoken(runner, number, replace(asked, references=order))
        for number, order in enumerate(orders, 1)
    ]
    assert len({pcm.tobytes() for pcm in said}) == len(orders)
    pool = runner._lanes._generator.pool
    shared = begun(pool, model.prompts.prefix([_spoken_text(each) for each in orders[0]]))
    assert shared.num_tokens >= 80 // BLOCK_SIZE * BLOCK_SIZE
    pool.close(shared)


def _spoken_text(reference: EncodedReference) -> SpokenText:
    return SpokenText(reference.text, reference.codes)


def test_codes_that_no_prompt_can_be_made_of_are_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_speaker()
    monkeypatch.setattr(model.prompts, "_codebook_size", 1)
    with pytest.raises(Unsupported):
        encoded(model)


def test_a_voice_that_leaves_no_room_to_speak_is_unsupported() -> None:
    model = tiny_speaker()
    reference = encoded(model)
    taken = model.prompts.prefix([_spoken_text(reference)]).shape[1]
    S1ReferenceEncoder(model, taken).check([reference])
    for encoder, references in (
        (S1ReferenceEncoder(model, taken - 1), [reference]),
        (S1ReferenceEncoder(model, 2 * taken - 2), [reference, reference]),
    ):
        with pytest.raises(Unsupported, match="use shorter recordings, or fewer"):
            encoder.check(references)
    with pytest.raises(Unsupported, match=f"the voice takes {taken} tokens, of {taken - 1}"):
        S1ReferenceEncoder(model, taken - 1).encode(recording(), TEXT, lambda: None)


@pytest.mark.parametrize("character", ["x", "\u4f60", "7"])
def test_the_largest_voice_leaves_room_for_the_longest_segment(character: str) -> None:
    text = character * make_runner(tiny_speaker()).info.segmentation.max_chars
    most_tokens = len(text.encode())
    for max_tokens in (8_192, 1 << 17):
        left = max_tokens - most_voice_tokens(max_tokens)
        assert most_tokens + expected_frames(text) < left


def test_a_voice_may_take_half_of_what_a_small_model_reads() -> None:
    assert [most_voice_tokens(n) for n in (64, 1_001)] == [32, 501]
