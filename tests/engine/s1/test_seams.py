"""Where two segments or two chunks meet, the sound moves no more than it does elsewhere."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.steps import Pcm
from tests.engine.conformance import Bench, pcm
from tests.engine.s1.speaker import make_runner
from tests.engine.s1.test_runner import FRAME, segments, spoken, talkative

RATE_HZ = 44_100
#: A click is shorter.
AROUND = RATE_HZ * 2 // 1_000
#: Of seams against other places: 0.5 is chance; a click at every seam is 1. With a handful of
#: seams chance alone reaches this seldom.
MAX_AUC = 0.85
HIGH_HZ = 8_000


def jumps(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return |x[n] - x[n-1]|."""
    return np.abs(np.diff(sound, prepend=sound[:1]))


def high_band(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what moves faster than `HIGH_HZ`."""
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / RATE_HZ) < HIGH_HZ] = 0
    return np.abs(np.fft.irfft(spectrum, len(sound)))


def peaks(measure: NDArray[np.float64], places: Sequence[int]) -> NDArray[np.float64]:
    return np.array([measure[max(at - AROUND, 0) : at + AROUND].max() for at in places])


def auc(measure: NDArray[np.float64], seams: Sequence[int]) -> float:
    """Return how often the peak at a seam is higher than that at a border within a segment."""
    borders = set(range(FRAME, len(measure) - FRAME, FRAME)) - set(seams)
    at_seams, elsewhere = peaks(measure, seams), peaks(measure, sorted(borders))
    return float(np.mean(at_seams[:, None] > elsewhere[None]))


def told() -> tuple[Pcm, list[int]]:
    """Return a text of many segments, and the samples at which one ends and the next begins."""
    bench = Bench(make_runner(talkative()))
    texts = ("It rained.", "Say it again.", "Once more.", "So we went home.") * 2
    ends, results = [0], []
    for result in spoken(bench, 0, *segments(*texts)):
        results.append(result)
        ends.append(ends[-1] + len(result.pcm))
    seams = [end for end, result in zip(ends[1:], results, strict=True) if result.segment_done]
    return pcm(results), seams[:-1]


@pytest.mark.slow
def test_no_click_is_at_the_joint_of_two_segments_and_one_that_is_planted_is_found() -> None:
    with torch.inference_mode():
        samples, seams = told()
    sound = samples.astype(np.float64)
    assert len(seams) >= 5
    for measure in (jumps, high_band):
        assert auc(measure(sound), seams) < MAX_AUC
    for seam in seams:
        sound[seam:] *= -1
        sound[seam] += 4 * np.abs(np.diff(sound)).max()
    for measure in (jumps, high_band):
        assert auc(measure(sound), seams) > MAX_AUC
