import sys
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from engine import speaking
from engine.errors import ModelUnavailable
from engine.request import SynthesisRequest
from engine.runners.espeak import synthesis
from engine.runners.espeak.library import SAMPLE_RATE_HZ
from engine.runners.espeak.runner import FRAME_SAMPLES, EspeakRunner
from engine.steps import Admission, Pcm, Row, StepPlan
from tests.engine.espeak.speaking import Spoken, admit, prefill, say, speak

SENTENCE = "The quick brown fox jumps over the lazy dog near the old river."


def test_a_segment_is_whole_frames_and_a_last_row_that_says_so(runner: EspeakRunner) -> None:
    rows = say(runner, SENTENCE).rows
    assert all(len(row.pcm) == 8 * FRAME_SAMPLES for row in rows[:-1])
    assert [row.segment_done for row in rows] == [False] * (len(rows) - 1) + [True]


def test_the_first_row_has_sound_at_once(runner: EspeakRunner) -> None:
    admit(runner, 1)
    first = speak(runner, SENTENCE, num_frames=1).rows[0]
    assert len(first.pcm) == FRAME_SAMPLES


def test_live_text_without_a_comma_speaks_after_its_twelfth_word(runner: EspeakRunner) -> None:
    written: list[str] = []

    def writing() -> Iterator[str]:
        for word in (SENTENCE.rstrip(".") + " ").split(" ") * 3:
            written.append(word)
            yield f"{word} "

    with closing(speaking.speak(runner, SynthesisRequest(voice="en-us"), writing())) as chunks:
        next(chunks)
    # A word is known to be whole when the next one begins.
    assert len([word for word in written if word]) == 13


def test_a_parked_sequence_goes_on_where_it_was(runner: EspeakRunner) -> None:
    whole = say(runner, SENTENCE).pcm
    admit(runner, 1)
    spoken = Spoken(
        list(runner.run(StepPlan(prefills=(prefill(1, SENTENCE),), rows=(Row(1, 5),))).rows)
    )
    runner.run(StepPlan(parked=(1,)))
    admit(runner, 7, voice="fr")
    speak(runner, "Bonjour.", slot=7)
    back = Admission(3, 1, SynthesisRequest(voice="en-us"))
    spoken.rows += runner.run(StepPlan(admissions=(back,), rows=(Row(3, 1000),))).rows
    assert np.array_equal(spoken.pcm, whole)


def test_a_released_sequence_leaves_nothing_behind(runner: EspeakRunner) -> None:
    admit(runner, 1)
    runner.run(StepPlan(prefills=(prefill(1, SENTENCE),), rows=(Row(1, 1),)))
    runner.run(StepPlan(released=(1, 99)))
    assert not runner._sequences
    assert not runner._slots


def test_rows_beyond_the_time_budget_are_left_out_and_lose_nothing(runner: EspeakRunner) -> None:
    slots = range(8)
    for slot in slots:
        admit(runner, slot)
    plan = StepPlan(
        prefills=tuple(prefill(slot, SENTENCE) for slot in slots),
        rows=tuple(Row(slot, 1000) for slot in slots),
        time_budget_s=0.0,
    )
    (only,) = runner.run(plan).rows
    assert only.slot == 0
    rest = runner.run(StepPlan(rows=tuple(Row(slot, 1000) for slot in slots if slot))).rows
    assert all(np.array_equal(row.pcm, only.pcm) for row in rest)


def test_a_segment_sounds_the_same_whatever_was_spoken_before(runner: EspeakRunner) -> None:
    if not runner._child.roll.is_reproducible:
        pytest.skip("this build of eSpeak NG hides what it carries from text to text")
    manners = [
        {"voice": "en-us"},
        {"voice": "de", "speed": 1.7},
        {"voice": "en-us+whisper", "pitch": 5.0},
        {"voice": "fr+klatt", "speed": 0.6},
        {"voice": "en-us+Reed"},
        {"voice": "en-us+announcer"},
    ]
    alone = [say(runner, SENTENCE, **manner).pcm for manner in manners]  # type: ignore[arg-type]
    for slot, manner in enumerate(manners):
        admit(runner, slot, **manner)  # type: ignore[arg-type]
    runner.run(StepPlan(prefills=tuple(prefill(slot, SENTENCE) for slot in range(len(manners)))))
    together = [Spoken() for _ in manners]
    while waiting := [slot for slot, spoken in enumerate(together) if not spoken.is_done]:
        for row in runner.run(StepPlan(rows=tuple(Row(slot, 3) for slot in waiting[::-1]))).rows:
            together[row.slot].rows.append(row)
    assert all(np.array_equal(one, spoken.pcm) for one, spoken in zip(alone, together, strict=True))


def test_a_second_runner_sounds_like_the_first(runner: EspeakRunner) -> None:
    first = say(runner, SENTENCE).pcm
    with closing(EspeakRunner()) as second:
        if second._child.roll.is_reproducible:
            assert np.array_equal(say(second, SENTENCE).pcm, first)


def test_speed_is_a_factor_of_the_length(runner: EspeakRunner) -> None:
    own = len(say(runner, SENTENCE).pcm)
    for speed in (0.5, 2.0, 2.5):
        assert len(say(runner, SENTENCE, speed=speed).pcm) == pytest.approx(own / speed, rel=0.12)


def _fundamental_hz(pcm: Pcm) -> float:
    """Return the median over loud windows of the first peak of the autocorrelation."""
    windows = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float64), 2048)[::512]
    loud = windows[np.abs(windows).mean(axis=1) > np.abs(pcm).mean()]
    likeness = np.fft.irfft(np.abs(np.fft.rfft(loud, 8192)) ** 2)[:, 40:600]
    likeness /= 2048 - np.arange(40, 600)
    peaks = (likeness > np.roll(likeness, 1)) & (likeness >= np.roll(likeness, -1))
    peaks &= likeness > 0.85 * likeness.max(axis=1, keepdims=True)
    return float(np.median(SAMPLE_RATE_HZ / (40 + peaks.argmax(axis=1))))


def test_pitch_shifts_the_fundamental_by_semitones(runner: EspeakRunner) -> None:
    vowels = "Oh no, oh no, we are all yellow now."
    own = _fundamental_hz(say(runner, vowels).pcm)
    for semitones in (-9.0, -5.0, 5.0, 9.0):
        shifted = _fundamental_hz(say(runner, vowels, pitch=semitones).pcm)
        assert 12 * np.log2(shifted / own) == pytest.approx(semitones, abs=1.5)


def test_an_unknown_voice_fails_its_row_alone(runner: EspeakRunner) -> None:
    admit(runner, 1, voice="nope")
    admit(runner, 2)
    plan = StepPlan(
        prefills=(prefill(1, SENTENCE), prefill(2, SENTENCE)), rows=(Row(1, 8), Row(2, 8))
    )
    bad, good = runner.run(plan).rows
    assert bad.error is not None
    assert "nope" in bad.error
    assert good.error is None
    assert len(good.pcm) == 8 * FRAME_SAMPLES


@pytest.mark.parametrize("part", ["words", "first_run"])
def test_a_row_that_raises_fails_alone_and_no_one_is_told_its_text(
    runner: EspeakRunner,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sound = getattr(synthesis, part)

    def broken(text: str) -> object:
        if "secret" in text:
            raise ValueError(text)
        return sound(text)

    monkeypatch.setattr(synthesis, part, broken)
    admit(runner, 1)
    admit(runner, 2)
    plan = StepPlan(
        prefills=(prefill(1, "A secret."), prefill(2, SENTENCE)), rows=(Row(1, 8), Row(2, 8))
    )
    bad, good = runner.run(plan).rows
    assert bad.error == "eSpeak NG failed: ValueError"
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text
    assert len(good.pcm) == 8 * FRAME_SAMPLES
    assert speak(runner, "It goes on.", slot=1).rows[-1].error is None


def test_without_its_wheel_the_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ModelUnavailable, match=r'pip install "voxline\[espeak\]"'):
        EspeakRunner()
