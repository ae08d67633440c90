"""Signals to send through the audio path, and how to tell what came out."""

from collections.abc import Iterable

import numpy as np

from engine.steps import Pcm
from server.audio.path import AudioPath


def sine(frequency_hz: float, rate_hz: int, seconds: float, amplitude: float = 8000.0) -> Pcm:
    at = np.arange(round(rate_hz * seconds))
    wave = amplitude * np.sin(2 * np.pi * frequency_hz * at / rate_hz)
    return wave.astype(np.int16)


def noise(num_samples: int) -> Pcm:
    generator = np.random.default_rng(0)
    return (generator.standard_normal(num_samples) * 3000).astype(np.int16)


def loudest_hz(pcm: Pcm, rate_hz: int) -> float:
    """The frequency of the tallest bin of the spectrum."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))
    return float(np.argmax(spectrum) * rate_hz / pcm.size)


def chunks(pcm: Pcm, cuts: Iterable[int]) -> list[Pcm]:
    return list(np.split(pcm, sorted(cuts)))


def feed_segment(path: AudioPath, parts: list[Pcm]) -> Pcm:
    out = [path.feed(part, segment_end=False) for part in parts[:-1]]
    out.append(path.feed(parts[-1], segment_end=True))
    return np.concatenate(out)
