import shutil
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.runners.espeak import EspeakRunner
from engine.steps import Pcm
from tests.engine.espeak.speaking import say

WAV_HEADER_BYTES = 44
SENTENCE = "The quick brown fox jumps over the lazy dog near the river."


def _program(text: str, voice: str, rate_wpm: int) -> Pcm:
    command = ["espeak-ng", "-b", "1", "-v", voice, "-s", str(rate_wpm), "--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(wav[WAV_HEADER_BYTES:], np.int16)


def _likeness(a: Pcm, b: Pcm) -> float:
    """Correlate the loudness of two sounds in windows of 20 ms."""
    count = min(len(a), len(b)) // 441 * 441

    def loudness(pcm: Pcm) -> NDArray[np.float64]:
        means: NDArray[np.float64] = np.abs(pcm[:count].astype(np.float64)).reshape(-1, 441).mean(1)
        return means

    return float(np.corrcoef(loudness(a), loudness(b))[0, 1])


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not on the PATH")
@pytest.mark.parametrize(("voice", "speed"), [("en-us", 1.0), ("en-us", 1.6), ("de", 1.0)])
def test_a_sentence_sounds_as_the_program_says_it(
    runner: EspeakRunner, voice: str, speed: float
) -> None:
    ours = say(runner, SENTENCE, voice=voice, speed=speed).pcm
    theirs = _program(SENTENCE, voice, round(175 * speed))
    assert len(ours) == pytest.approx(len(theirs), rel=0.01)
    assert _likeness(ours, theirs) > 0.95


@pytest.mark.parametrize(
    "segments",
    [
        ("The quick brown fox jumps.", " It was not amused."),
        ("It was not amused, ", "and it walked home."),
        ("Was that all? ", "No, we went out."),
        ("A long day: ", "we walked; ", "we slept\u2026 ", "then we ate."),
        ("The end of it.\n\n", "A new one."),
        ("The end of it\n\n", "A new one."),
        ("He went \u2014 ", "at last \u2014 ", "to bed."),
    ],
)
def test_segments_sound_as_the_whole_text_does(
    runner: EspeakRunner, segments: tuple[str, ...]
) -> None:
    parts = say(runner, *segments).pcm
    whole = say(runner, "".join(segments)).pcm
    assert len(parts) == pytest.approx(len(whole), rel=0.01)
    assert _likeness(parts, whole) > 0.95


@pytest.mark.parametrize("quoted", ['She said "no." ', "She said (no!) ", 'She said "no," '])
def test_a_closing_quote_shortens_the_pause_by_an_eighth_of_a_second_at_most(
    runner: EspeakRunner, quoted: str
) -> None:
    parts = len(say(runner, quoted, "We went out!").pcm)
    whole = len(say(runner, quoted + "We went out!").pcm)
    assert 0 <= whole - parts < 22_050 // 8
