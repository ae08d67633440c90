"""The guarded decoder: what recordings become, and what every spoilt one is told."""

import numpy as np
import pytest
from numpy.typing import NDArray

from server.voices import decoder
from server.voices.decoder import MIN_PEAK, Refused, decode
from tests.helpers.recordings import (
    RATE_HZ,
    flac_that_claims,
    recording,
    tone,
    wav_that_claims,
    written,
)

HOUR_S = 3_600
#: A chunk of three bytes, and the fourth that every one of odd size has.
_ODD_CHUNK = b"note\3\0\0\0abc\0"
#: Samples.
_MP3_FRAME = 1_152
_NAN = tone()
_NAN[1_000] = np.nan


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "PCM_32"),
        ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"),
        ("WAVEX", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("MP3", None),
        ("OGG", "VORBIS"),
    ],
)
def test_a_recording_is_its_samples_in_every_format(container: str, subtype: str | None) -> None:
    samples = decode(recording(container, subtype), RATE_HZ)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(len(tone()), abs=2_500)
    assert np.corrcoef(samples[: len(tone())], tone()[: len(samples)])[0, 1] > 0.98


def test_opus_is_taken_at_its_own_rate() -> None:
    samples = decode(recording("OGG", "OPUS", 48_000), 48_000)
    assert len(samples) == pytest.approx(1.5 * 48_000, abs=2_000)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000, 192_000])
def test_a_recording_comes_at_the_rate_that_is_asked_for(rate_hz: int) -> None:
    samples = decode(recording(rate_hz=rate_hz), RATE_HZ)
    assert len(samples) == len(tone())
    assert np.abs(samples - tone())[2_000:-2_000].max() < 1e-3


def test_channels_are_averaged() -> None:
    both = np.stack([tone(), np.zeros_like(tone())], axis=1)
    assert np.abs(decode(written(both), RATE_HZ) - tone() / 2).max() < 1e-4


def test_what_is_louder_than_full_scale_is_cut_off_at_it() -> None:
    samples = decode(written(10 * tone(), subtype="FLOAT"), RATE_HZ)
    assert (samples.min(), samples.max()) == (-1.0, 1.0)


def test_a_stream_of_unknown_length_is_taken() -> None:
    assert len(decode(wav_that_claims(data_bytes=0xFFFFFFFF), RATE_HZ)) == len(tone())
    assert len(decode(flac_that_claims(0), RATE_HZ)) == len(tone())


@pytest.mark.parametrize(
    ("container", "subtype", "rate_hz"),
    [("OGG", "OPUS", 48_000), ("OGG", "VORBIS", RATE_HZ), ("MP3", None, RATE_HZ)],
)
def test_what_a_codec_adds_at_the_ends_is_not_counted(
    container: str, subtype: str | None, rate_hz: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = recording(container, subtype, rate_hz)
    monkeypatch.setattr(decoder, "DURATION_S", (1.5, 1.5))
    assert len(decode(sound, rate_hz)) == pytest.approx(1.5 * rate_hz, rel=0.02)


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
@pytest.mark.parametrize("duration_s", [0.99, 60.05])
def test_what_no_codec_has_changed_is_as_long_as_it_says(container: str, duration_s: float) -> None:
    with pytest.raises(Refused, match="must last 1 to 60 s"):
        decode(written(tone(duration_s, 8_000), 8_000, container), RATE_HZ)


def _with_odd_chunk(sound: bytes) -> bytes:
    return sound[:12] + _ODD_CHUNK + sound[12:]


def _with_hole(sound: bytes) -> bytes:
    middle = len(sound) // 2
    return sound[:middle] + bytes(2_000) + sound[middle + 2_000 :]


@pytest.mark.parametrize(
    "tail",
    [
        bytes(5_000),
        b"TAG" + bytes(125),
        b"LYRICSBEGININD0000200EAL00005album000041LYRICS200TAG" + bytes(125),
        b"APETAGEX\xd0\7\0\0\x20" + bytes(19),
    ],
    ids=["padding", "ID3v1", "Lyrics3", "APE"],
)
def test_what_an_mp3_has_behind_its_last_frame_is_no_audio(tail: bytes) -> None:
    whole = recording("MP3")
    samples, expected = decode(whole + tail, RATE_HZ), decode(whole, RATE_HZ)
    assert np.array_equal(samples[: len(expected)], expected)
    # FFmpeg cuts the silence that an encoder added only where the file ends there.
    assert len(samples) - len(expected) < _MP3_FRAME


def _two_streams() -> bytes:
    """Return an Ogg of the pages of two: first those that begin a stream, then all others."""
    one, two = (written(tone(), container="OGG").split(b"OggS")[1:] for _ in range(2))
    return b"".join(b"OggS" + page for page in (one[0], two[0], *one[1:], *two[1:]))


def test_a_whole_recording_behind_a_chunk_of_odd_size_is_taken() -> None:
    assert len(decode(_with_odd_chunk(recording()), RATE_HZ)) == len(tone())


SPOILT = {
    "nothing": (b"", "neither"),
    "a text": (b"Hello there, my friend.", "neither"),
    "zeros": (bytes(100_000), "neither"),
    "a zip": (b"PK\x03\x04" + bytes(1_000), "neither"),
    "a playlist": (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\nhttp://127.0.0.1/a.ts\n", "neither"),
    "a list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "neither"),
    "an AIFF": (recording("AIFF"), "neither"),
    "a CAF": (recording("CAF"), "neither"),
    "a header alone": (recording()[:44], "cut off"),
    "half a header": (recording()[:20], "damaged|stream"),
    "a FLAC's mark alone": (b"fLaC", "damaged"),
    "a FLAC's mark and noise": (b"fLaC" + bytes(range(256)) * 40, "damaged"),
    "an Ogg's mark and noise": (b"OggS" + bytes(range(256)) * 40, "damaged"),
    "an ID3 tag and noise": (b"ID3" + bytes(range(256)) * 40, "damaged"),
    "an MP3's mark and noise": (b"\xff\xfb" + bytes(range(256)) * 40, "damaged"),
    "a WAV called FLAC inside": (b"fLaC" + recording()[4:], "damaged"),
    "A-law": (recording("WAV", "ALAW"), "pcm_alaw"),
    "ADPCM": (recording("WAV", "IMA_ADPCM"), "adpcm"),
    "a WAV cut off": (recording()[:-40_000], "cut off"),
    "a FLAC cut off": (recording("FLAC")[: len(recording("FLAC")) // 2], "damaged|cut off"),
    "an Ogg cut off": (recording("OGG")[:3_500], "damaged"),
    "a WAV of 10^9 samples": (wav_that_claims(data_bytes=2 * 10**9), "cut off"),
    "a FLAC of 10^9 samples": (flac_that_claims(10**9), "last"),
    "0 Hz": (wav_that_claims(rate_hz=0), "damaged"),
    "1 Hz": (wav_that_claims(rate_hz=1), "Hz"),
    "384 kHz": (wav_that_claims(rate_hz=384_000), "Hz"),
    "no channel": (wav_that_claims(channels=0), "channels|damaged"),
    "8 channels": (written(np.stack([tone()] * 8, axis=1)), "channels"),
    "1,024 channels": (wav_that_claims(channels=1_024), "channels"),
    "a WAV cut off behind a chunk of odd size": (_with_odd_chunk(recording())[:-40_000], "cut off"),
    "an MP3 with a hole": (_with_hole(recording("MP3")), "damaged"),
    "a FLAC with a hole": (_with_hole(recording("FLAC")), "cut off, or damaged"),
    "two streams": (_two_streams(), "one stream"),
    "half a second": (written(tone(0.5)), "1 to 60 s, not 0.50$"),
    "61 seconds": (written(tone(61, 8_000), 8_000), "1 to 60 s, not more$"),
    "61 seconds of MP3": (written(tone(61, 8_000), 8_000, "MP3"), "1 to 60 s, not more$"),
    "silence": (written(np.zeros_like(tone())), "silent"),
    "hardly more than silence": (written(MIN_PEAK / 2 * tone(), subtype="FLOAT"), "silent"),
    "NaN": (written(_NAN, subtype="FLOAT"), "finite"),
    "more than a float holds between samples": (
        written(np.sign(tone(2, 8_000)) * np.float32(3e38), 8_000, subtype="FLOAT"),
        "finite",
    ),
    "infinities": (written(np.full(2 * RATE_HZ, np.inf, np.float32), subtype="FLOAT"), "finite"),
}


@pytest.mark.parametrize(("data", "problem"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_recording_is_refused_with_its_reason(data: bytes, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        decode(data, RATE_HZ)


def test_a_small_file_that_inflates_is_read_no_further_than_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence = bytearray(written(np.zeros(HOUR_S * 8_000, np.float32), 8_000, "FLAC"))
    assert len(silence) < 200_000
    # The number of samples is left open, so that nothing but reading tells.
    silence[21:26] = bytes([silence[21] & 0xF0, 0, 0, 0, 0])
    taken = []
    concatenate = np.concatenate

    def watched(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        taken.append(sum(map(len, pieces)))
        return concatenate(pieces)

    monkeypatch.setattr(np, "concatenate", watched)
    with pytest.raises(Refused, match="last"):
        decode(bytes(silence), RATE_HZ)
    assert taken[0] < 61 * 8_000


@pytest.mark.parametrize("container", ["WAV", "FLAC", "MP3", "OGG"])
def test_whatever_byte_is_wrong_the_answer_is_samples_or_a_reason(container: str) -> None:
    sound = recording(container)
    draw = np.random.default_rng(1)
    for _ in range(30):
        spoilt = bytearray(sound)
        for at in draw.integers(0, min(len(sound), 4_000), 3):
            spoilt[at] = draw.integers(256)
        try:
            samples = decode(bytes(spoilt), RATE_HZ)
        except Refused:
            continue
        assert len(samples) <= 60.2 * RATE_HZ
        assert np.isfinite(samples).all()
