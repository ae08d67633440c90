"""What VITS says does not depend on who else speaks, and is what `transformers` says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

from engine.errors import UnknownVoice
from engine.request import Sampling, SynthesisRequest
from engine.runners.vits.noise import SegmentNoise
from engine.runners.vits.runner import VitsRunner
from engine.runners.vits.vocoder import Vocoder
from engine.steps import FinishReason, Pcm, Prefill, Row, StepPlan
from engine.text.segment import Segment
from tests.engine.conformance import FIRST, SECOND, Bench, pcm
from tests.engine.vits.tiny import make_runner, write_checkpoint

KNOWN = Segment("one two three", 0, 13)
#: A character whose embedding leads to numbers that are not finite.
POISON = "9"


def said(runner: VitsRunner, segment: Segment = FIRST, **changes: object) -> Pcm:
    bench = Bench(runner)
    bench.request = replace(bench.request, **changes)  # type: ignore[arg-type]
    results = bench.alone(1, segment)
    assert [result.error for result in results if result.error] == []
    return pcm(results)


def seed(number: int | None) -> Sampling:
    return Sampling(seed=number)


def still(folder: Path) -> VitsModel:
    """Return the checkpoint in the library's own hands."""
    model: VitsModel = VitsModel.from_pretrained(folder, dtype=torch.float64)
    model.eval()
    return model


@pytest.mark.parametrize("stochastic", [True, False])
@pytest.mark.parametrize("voice", [None, "2"])
def test_without_noise_a_segment_is_what_the_library_says(
    tmp_path: Path, stochastic: bool, voice: str | None
) -> None:
    sizes: dict[str, object] = {"noise_scale": 1e-30, "noise_scale_duration": 1e-30}
    sizes["use_stochastic_duration_prediction"] = stochastic
    if voice is not None:
        sizes |= {"num_speakers": 3, "speaker_embedding_size": 4}
    folder = write_checkpoint(tmp_path, None, **sizes)
    tokens = VitsTokenizer.from_pretrained(folder)(KNOWN.text, return_tensors="pt")
    with torch.inference_mode():
        wave = still(folder)(**tokens, speaker_id=None if voice is None else int(voice)).waveform
    expected = (wave[0] * 32_767).round().to(torch.int16).numpy()
    assert np.array_equal(said(make_runner(folder), KNOWN, voice=voice or "default"), expected)


def test_in_float32_a_neighbour_moves_no_sample_by_more_than_a_step(checkpoint: Path) -> None:
    bench = Bench(make_runner(checkpoint, torch.float32))
    alone = pcm(bench.alone(1))
    bench.begin(1, 2, SECOND)
    bench.begin(0, 1)
    plan = StepPlan(rows=(Row(0, 8), Row(1, 8)))
    results = list(bench.runner.run(plan).rows[:1]) + bench.finish(0)
    difference = pcm(results).astype(int) - alone
    assert np.abs(difference).max() <= 1


def test_the_same_seed_is_the_same_speech_and_another_is_another(checkpoint: Path) -> None:
    runner = make_runner(checkpoint)
    found = [said(runner, sampling=seed(n)).tobytes() for n in (1, 2, 1, 2**53 - 1)]
    assert found[0] == found[2]
    assert len(set(found)) == 3


def test_a_request_without_a_seed_draws_one(checkpoint: Path) -> None:
    runner = make_runner(checkpoint)
    fresh = VitsRunner(runner._checkpoint, max_batch=1)
    assert len({said(fresh).tobytes() for _ in range(2)}) == 2


def test_the_same_text_said_again_in_a_sequence_is_drawn_anew(checkpoint: Path) -> None:
    bench = Bench(make_runner(checkpoint))
    bench.begin(0, 1, KNOWN)
    first = bench.finish(0)
    again = [bench.row(0, prefills=(Prefill(0, KNOWN),)), *bench.finish(0)]
    assert not np.array_equal(pcm(first), pcm(again))


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_each_row_has_its_own_speed(checkpoint: Path, speed: float) -> None:
    runner = make_runner(checkpoint)
    bench = Bench(runner)
    own = said(runner, speed=speed)
    assert len(own) != len(said(runner))
    bench.begin(0, 1)
    bench.request = replace(bench.request, speed=speed)
    bench.begin(1, 2)
    runner.run(StepPlan(rows=(Row(0, 1), Row(1, 1))))
    bench.release(1)
    rest = pcm(bench.finish(1))
    assert np.array_equal(rest, own[-len(rest) :])
    assert len(rest) >= len(own) - bench.frame


def test_every_speaker_is_a_voice_of_its_own(speakers: Path) -> None:
    runner = make_runner(speakers)
    voices = runner.info.voices
    assert [voice.id for voice in voices] == ["0", "1", "2"]
    assert len({said(runner, voice=voice.id).tobytes() for voice in voices}) == 3
    with pytest.raises(UnknownVoice):
        voices.resolve("3", None)


def test_speakers_in_one_batch_keep_their_voices(speakers: Path) -> None:
    runner = make_runner(speakers)
    bench = Bench(runner)
    alone = {n: said(runner, voice=str(n)) for n in range(3)}
    for n in range(3):
        bench.request = SynthesisRequest(voice=str(n))
        bench.begin(n, n + 1)
    first = runner.run(StepPlan(rows=tuple(Row(n, 1) for n in range(3)))).rows
    for n in range(3):
        assert np.array_equal(pcm([first[n], *bench.finish(n, 8)]), alone[n])


def test_a_row_that_breaks_the_numbers_fails_alone(checkpoint: Path) -> None:
    runner = make_runner(checkpoint)
    expected = said(runner)
    embeddings = runner._checkpoint.prior._model.text_encoder.embed_tokens
    number = VitsTokenizer.from_pretrained(checkpoint).convert_tokens_to_ids(POISON)
    with torch.no_grad():
        embeddings.weight[number] = torch.nan
    bench = Bench(runner)
    bench.begin(0, 1)
    bench.begin(1, 2, Segment(POISON, 0, 1))
    well, bad = runner.run(StepPlan(rows=(Row(0, 1), Row(1, 1)))).rows
    assert bad.error == "the model's numbers are not finite"
    assert np.array_equal(pcm([well, *bench.finish(0)]), expected)


def test_a_wave_that_is_not_finite_is_no_sound(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = make_runner(checkpoint)
    decode = Vocoder._decode
    monkeypatch.setattr(Vocoder, "_decode", lambda *given: decode(*given) * torch.nan)
    bench = Bench(runner)
    bench.begin(0, 1)
    assert bench.row(0).error == "the vocoder's numbers are not finite"


def test_a_row_without_a_segment_fails_alone(checkpoint: Path) -> None:
    bench = Bench(make_runner(checkpoint))
    bench.runner.run(StepPlan(admissions=(bench.admit(0, 1),)))
    assert bench.row(0).error == "no segment to speak"


@pytest.mark.parametrize("text", ["\u2603", "...", "  ", "\ud83d\ude00 \u4f60\u597d"])
def test_text_that_the_vocabulary_does_not_know_is_silence(checkpoint: Path, text: str) -> None:
    (result,) = Bench(make_runner(checkpoint)).alone(1, Segment(text, 0, len(text)))
    assert (len(result.pcm), result.segment_done, result.error) == (0, True, None)


def test_a_segment_that_speaks_on_for_ever_is_cut(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, speaking_rate=1e-9)
    bench = Bench(make_runner(folder))
    results = bench.alone(1, Segment("ab", 0, 2))
    assert results[-1].gave_up is FinishReason.LENGTH
    # 3 s, and 0.15 s for each of two characters and the three blanks around them.
    seconds = len(pcm(results)) / bench.runner.info.sample_rate_hz
    assert seconds == pytest.approx(3.75, abs=0.005)


def test_a_step_works_at_no_more_rows_than_it_may(checkpoint: Path) -> None:
    bench = Bench(make_runner(checkpoint, max_batch=2))
    for n in range(4):
        bench.begin(n, n + 1)
    plan = StepPlan(rows=tuple(Row(n, 1) for n in (3, 1, 0, 2)))
    assert [row.slot for row in bench.runner.run(plan).rows] == [3, 1]
    # Those that have something left hand it out, and are no longer in the others' way.
    assert [row.slot for row in bench.runner.run(plan).rows] == [3, 1, 0, 2]


def test_the_noise_of_a_place_depends_on_seed_segment_and_purpose_alone() -> None:
    noise = SegmentNoise(7, 0)
    assert torch.equal(noise.durations(5), SegmentNoise(7, 0).durations(5))
    draws = [noise.latents(2, 5), noise.durations(5)]
    draws += [SegmentNoise(8, 0).durations(5), SegmentNoise(7, 1).durations(5)]
    assert len({draw.numpy().tobytes() for draw in draws}) == 4
    many = SegmentNoise(2**53 - 1, 2**40).latents(200, 500)
    assert abs(float(many.mean())) < 0.01
    assert abs(float(many.std()) - 1) < 0.01


def test_a_frame_is_whole_hops_of_about_46_ms(checkpoint: Path) -> None:
    info = make_runner(checkpoint).info
    hop = int(np.prod(VitsConfig.from_pretrained(checkpoint).upsample_rates))
    assert info.frame_samples % hop == 0
    assert 0.03 < info.frame_samples / info.sample_rate_hz < 0.06
