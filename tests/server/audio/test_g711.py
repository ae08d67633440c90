"""G.711 by its tables, against two libraries that share no code with ours, in all that there is."""

from collections.abc import Callable
from io import BytesIO

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.steps import Pcm
from server.audio.g711 import alaw, mulaw

#: Every sample there is, by its bits.
SAMPLES = np.arange(1 << 16).astype(np.uint16).view(np.int16)
CODES = bytes(range(256))
#: The law that has two codes for one value: 0, and below it.
MULAW_NEGATIVE_ZERO = 0x7F

ToCodes = Callable[[Pcm], bytes]
both_laws = pytest.mark.parametrize(
    ("to_codes", "ffmpeg", "libsndfile"), [(mulaw, "pcm_mulaw", "ULAW"), (alaw, "pcm_alaw", "ALAW")]
)


def by_ffmpeg(codes: bytes, codec: str) -> Pcm:
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"  # type: ignore[attr-defined]
    frames = decoder.decode(av.Packet(codes))  # type: ignore[attr-defined]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def by_libsndfile(codes: bytes, law: str) -> Pcm:
    raw = {"samplerate": 8000, "channels": 1, "format": "RAW", "subtype": law}
    pcm: Pcm = soundfile.read(BytesIO(codes), dtype="int16", **raw)[0]
    return pcm


def encoded_by_libsndfile(pcm: Pcm, law: str) -> NDArray[np.uint8]:
    file = BytesIO()
    soundfile.write(file, pcm, 8000, format="RAW", subtype=law)
    return np.frombuffer(file.getvalue(), np.uint8)


@both_laws
def test_every_code_decodes_to_a_value_that_has_this_code(
    to_codes: ToCodes, ffmpeg: str, libsndfile: str
) -> None:
    values = by_ffmpeg(CODES, ffmpeg)
    np.testing.assert_array_equal(by_libsndfile(CODES, libsndfile), values)
    expected = bytearray(CODES)
    if to_codes is mulaw:
        expected[MULAW_NEGATIVE_ZERO] = 0xFF
    assert to_codes(values) == bytes(expected)


@both_laws
def test_every_sample_has_a_nearest_value_but_for_those_where_segments_meet(
    to_codes: ToCodes, ffmpeg: str, libsndfile: str
) -> None:
    del libsndfile
    values = np.unique(by_ffmpeg(CODES, ffmpeg)).astype(np.int64)
    chosen = by_ffmpeg(to_codes(SAMPLES), ffmpeg).astype(np.int64)
    wanted = SAMPLES.astype(np.int64)
    above = np.searchsorted(values, wanted).clip(1, values.size - 1)
    nearest = np.minimum(abs(wanted - values[above]), abs(wanted - values[above - 1]))
    # Where the wider intervals begin, the standard's decision value is not midway between the two.
    width = np.diff(values)[(above - 1).clip(0, values.size - 2)]
    assert np.all(abs(wanted - chosen) <= np.maximum(nearest, width * 2 / 3))
    assert np.mean(abs(wanted - chosen) == nearest) > 0.98


@both_laws
def test_louder_is_never_softer(to_codes: ToCodes, ffmpeg: str, libsndfile: str) -> None:
    del libsndfile
    rising = np.sort(SAMPLES)
    assert np.all(np.diff(by_ffmpeg(to_codes(rising), ffmpeg).astype(np.int64)) >= 0)


@both_laws
def test_every_sample_has_the_code_that_libsndfile_gives_it_but_at_the_decision_values(
    to_codes: ToCodes, ffmpeg: str, libsndfile: str
) -> None:
    """There, the standard leaves it open: below 0, libsndfile goes down, the ITU's program up."""
    theirs = encoded_by_libsndfile(SAMPLES, libsndfile)
    ours = np.frombuffer(to_codes(SAMPLES), np.uint8)
    apart = SAMPLES[ours != theirs]
    assert apart.size == 127
    assert np.all(apart < 0)
    # One sample further from 0 all is as theirs again, with another code than one nearer to it.
    steps = by_ffmpeg(to_codes(apart), ffmpeg) - by_ffmpeg(to_codes(apart - np.int16(1)), ffmpeg)
    assert np.all(steps > 0)


@pytest.mark.parametrize(
    ("to_codes", "sample", "code"),
    [
        # Tables 2a and 2b of G.711, their values times 4.
        (mulaw, 0, 0b11111111),
        (mulaw, 4, 0b11111110),
        (mulaw, 4 * 31, 0b11101111),
        (mulaw, 4 * 4063, 0b10001111),
        (mulaw, 4 * 8159 - 1, 0b10000000),
        (mulaw, 32767, 0b10000000),
        (mulaw, -1, 0b01111111),
        (mulaw, -32768, 0b00000000),
        # Tables 1a and 1b, times 8, and with the even bits inverted.
        (alaw, 0, 0b11010101),
        (alaw, 8 * 2, 0b11010100),
        (alaw, 8 * 64, 0b11110101),
        (alaw, 8 * 2048, 0b10100101),
        (alaw, 32767, 0b10101010),
        (alaw, -1, 0b01010101),
        (alaw, -32768, 0b00101010),
    ],
)
def test_a_row_of_the_standards_tables(to_codes: ToCodes, sample: int, code: int) -> None:
    assert to_codes(np.array([sample], np.int16)) == bytes([code])


@pytest.mark.parametrize("to_codes", [mulaw, alaw])
def test_a_slice_of_samples_is_encoded_as_its_copy(to_codes: ToCodes) -> None:
    assert to_codes(SAMPLES[::3]) == to_codes(SAMPLES[::3].copy())
    assert to_codes(SAMPLES[:0]) == b""
