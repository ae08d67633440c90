"""What we encode, a library that shares no code with the encoders decodes."""

import sys
from io import BytesIO

import numpy as np
import pytest
import soundfile

from engine.steps import Pcm
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat, supported_rates
from server.audio.path import AudioPath
from server.audio.wav import wav_header
from tests.server.audio.signals import loudest_hz, noise, sine

ANY_RATE = (8000, 11111, 22050, 44100, 48000)
CASES = [
    (audio_format, rate_hz)
    for audio_format in AudioFormat
    for rate_hz in supported_rates(audio_format) or ANY_RATE
]
#: An encoder of mp3 adds its delay and fills its last frame: three frames at most.
MP3_PADDING = 3 * 1152

every_case = pytest.mark.parametrize(("audio_format", "rate_hz"), CASES)


def encoded(encoder: Encoder, pcm: Pcm, chunk: int) -> bytes:
    parts = [encoder.encode(pcm[at : at + chunk]) for at in range(0, pcm.size, chunk)]
    return b"".join([*parts, encoder.finish()])


def decoded(data: bytes, audio_format: AudioFormat, rate_hz: int) -> Pcm:
    if audio_format is AudioFormat.PCM:
        return np.frombuffer(data, "<i2").astype(np.int16)
    with soundfile.SoundFile(BytesIO(data)) as file:
        assert file.samplerate == rate_hz
        # The length is unknown in a stream, so read as from a pipe: forward, to the end.
        file.seekable = lambda: False
        pcm: Pcm = file.read(10 * rate_hz, dtype="int16")
    return pcm


@every_case
def test_libsndfile_decodes_the_sine_that_went_in(audio_format: AudioFormat, rate_hz: int) -> None:
    pcm = sine(440, rate_hz, 2.0)
    data = encoded(make_encoder(audio_format, rate_hz), pcm, rate_hz // 21)
    out = decoded(data, audio_format, rate_hz)
    if audio_format is AudioFormat.MP3:
        assert pcm.size <= out.size <= pcm.size + MP3_PADDING
    else:
        assert out.size == pcm.size
    assert loudest_hz(out, rate_hz) == pytest.approx(440, abs=2)
    assert np.abs(out).max() == pytest.approx(8000, rel=0.2)


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.PCM, AudioFormat.FLAC])
@pytest.mark.parametrize("chunk", [1, 333, 50_000])
def test_lossless_formats_lose_nothing(audio_format: AudioFormat, chunk: int) -> None:
    pcm = noise(3001)
    data = encoded(make_encoder(audio_format, 24000), pcm, chunk)
    np.testing.assert_array_equal(decoded(data, audio_format, 24000), pcm)


@every_case
def test_speech_is_on_its_way_after_three_tenths_of_a_second(
    audio_format: AudioFormat, rate_hz: int
) -> None:
    encoder = make_encoder(audio_format, rate_hz)
    pcm = sine(440, rate_hz, 0.3)
    chunk = rate_hz // 50
    data = b"".join(encoder.encode(pcm[at : at + chunk]) for at in range(0, pcm.size, chunk))
    # Not headers alone: half of it can be heard already.
    assert decoded(data, audio_format, rate_hz).size >= pcm.size / 2


@every_case
def test_bytes_come_at_least_every_two_tenths_of_a_second(
    audio_format: AudioFormat, rate_hz: int
) -> None:
    encoder = make_encoder(audio_format, rate_hz)
    pcm = noise(2 * rate_hz)
    chunk = rate_hz // 50
    came = [bool(encoder.encode(pcm[at : at + chunk])) for at in range(0, pcm.size, chunk)]
    silent = "".join("x" if some else "-" for some in came).split("x")
    assert max(map(len, silent)) < 10


@pytest.mark.parametrize("audio_format", list(AudioFormat))
def test_a_stream_without_samples_can_be_finished(audio_format: AudioFormat) -> None:
    encoder = make_encoder(audio_format, 24000)
    assert encoder.encode(noise(0)) + encoder.finish() == encoded(
        make_encoder(audio_format, 24000), noise(0), 1
    )


def test_a_stream_of_wav_says_that_its_length_is_unknown() -> None:
    data = make_encoder(AudioFormat.WAV, 24000).encode(noise(1))
    assert data[:44] == wav_header(None, 24000)
    assert data[4:8] == data[40:44] == b"\xff\xff\xff\xff"


def test_a_stream_of_flac_says_that_its_total_is_unknown() -> None:
    data = encoded(make_encoder(AudioFormat.FLAC, 24000), noise(5000), 1000)
    stream_info = data[8:42]
    # The last 36 bits before the checksum of the samples.
    assert int.from_bytes(stream_info[13:18], "big") & (2**36 - 1) == 0


def test_a_wav_header_of_known_length_makes_a_proper_file() -> None:
    pcm = noise(500)
    data = wav_header(pcm.size, 11111) + pcm.tobytes()
    out, rate_hz = soundfile.read(BytesIO(data), dtype="int16")
    assert rate_hz == 11111
    np.testing.assert_array_equal(out, pcm)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_a_wav_too_long_for_its_header_is_of_unknown_length() -> None:
    assert wav_header(2**31, 24000) == wav_header(None, 24000)


@pytest.mark.parametrize(
    ("audio_format", "listed"),
    [(AudioFormat.OPUS, "8000, 12000"), (AudioFormat.MP3, "8000, 11025")],
)
def test_a_rate_the_format_cannot_carry_is_refused_with_those_it_can(
    audio_format: AudioFormat, listed: str
) -> None:
    with pytest.raises(UnsupportedRate, match=listed):
        make_encoder(audio_format, 11111)


def test_without_pyav_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CodecsMissing, match=r"voxline\[codecs\]"):
        make_encoder(AudioFormat.OPUS, 24000)
    with pytest.raises(CodecsMissing, match=r"voxline\[codecs\]"):
        AudioPath(model_rate_hz=24000, sample_rate_hz=24000, stretch=1.5)
    assert make_encoder(AudioFormat.WAV, 24000).encode(noise(2))
    assert AudioPath(model_rate_hz=22050, sample_rate_hz=24000).produced == 0


@pytest.mark.parametrize("audio_format", list(AudioFormat))
def test_every_format_has_a_media_type(audio_format: AudioFormat) -> None:
    assert audio_format.media_type.startswith("audio/")
