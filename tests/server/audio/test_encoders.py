"""What we encode, a library that shares no code with the encoders decodes.

But for AAC, which libsndfile does not know: FFmpeg decodes what FFmpeg has encoded, and the headers
of its frames are read by hand, after ISO/IEC 13818-7.
"""

import sys
from io import BytesIO
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from engine.steps import Pcm
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat, natural_rate, supported_rates
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
AAC_FRAME = 1024
#: The encoder of AAC begins with an empty frame and fills its last one.
PADDING = {AudioFormat.MP3: MP3_PADDING, AudioFormat.AAC: 2 * AAC_FRAME}
#: Tables of ISO/IEC 13818-7, 6.2: the index of a rate in the header of ADTS is its place here.
ADTS_RATES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350
)  # fmt: skip
RAW_SUBTYPES = {AudioFormat.PCM: "PCM_16", AudioFormat.MULAW: "ULAW", AudioFormat.ALAW: "ALAW"}

every_case = pytest.mark.parametrize(("audio_format", "rate_hz"), CASES)


def encoded(encoder: Encoder, pcm: Pcm, chunk: int) -> bytes:
    parts = [encoder.encode(pcm[at : at + chunk]) for at in range(0, pcm.size, chunk)]
    return b"".join([*parts, encoder.finish()])


def decoded(data: bytes, audio_format: AudioFormat, rate_hz: int) -> Pcm:
    if audio_format is AudioFormat.AAC:
        return decoded_aac(data, rate_hz)
    raw: dict[str, Any] = {}
    if audio_format in RAW_SUBTYPES:
        raw = {"format": "RAW", "subtype": RAW_SUBTYPES[audio_format], "endian": "LITTLE"}
        raw |= {"samplerate": rate_hz, "channels": 1}
    with soundfile.SoundFile(BytesIO(data), **raw) as file:
        assert file.samplerate == rate_hz
        # The length is unknown in a stream, so read as from a pipe: forward, to the end.
        file.seekable = lambda: False
        pcm: Pcm = file.read(10 * rate_hz, dtype="int16")
    return pcm


def decoded_aac(data: bytes, rate_hz: int) -> Pcm:
    with av.open(BytesIO(data), "r", format="aac") as file:
        (stream,) = file.streams.audio
        parts = [frame.to_ndarray()[0] for frame in file.decode(stream)]
    assert stream.rate == rate_hz
    return (np.concatenate([*parts, np.zeros(0)]) * 32_768).round().astype(np.int16)


@every_case
def test_a_library_decodes_the_sine_that_went_in(audio_format: AudioFormat, rate_hz: int) -> None:
    pcm = sine(440, rate_hz, 2.0)
    data = encoded(make_encoder(audio_format, rate_hz), pcm, rate_hz // 21)
    out = decoded(data, audio_format, rate_hz)
    assert pcm.size <= out.size <= pcm.size + PADDING.get(audio_format, 0)
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
    rate_hz = natural_rate(audio_format, 24000)
    encoder = make_encoder(audio_format, rate_hz)
    assert encoder.encode(noise(0)) + encoder.finish() == encoded(
        make_encoder(audio_format, rate_hz), noise(0), 1
    )


@pytest.mark.parametrize(
    ("audio_format", "rate_hz", "bit_rate", "found"),
    [
        (AudioFormat.MP3, 44_100, 64_000, 64_000),
        (AudioFormat.MP3, 44_100, 128_000, 128_000),
        (AudioFormat.MP3, 44_100, 192_000, 192_000),
        # The most that MPEG 2 carries, and MPEG 2.5.
        (AudioFormat.MP3, 24_000, 192_000, 160_000),
        (AudioFormat.MP3, 8_000, 128_000, 64_000),
        (AudioFormat.OPUS, 48_000, 24_000, 24_000),
        (AudioFormat.OPUS, 48_000, 64_000, 64_000),
    ],
)
def test_a_file_has_the_bit_rate_that_was_asked_for_or_the_most_that_its_rate_carries(
    audio_format: AudioFormat, rate_hz: int, bit_rate: int, found: int
) -> None:
    pcm = noise(2 * rate_hz)
    data = encoded(make_encoder(audio_format, rate_hz, bit_rate), pcm, rate_hz)
    # The pages of Ogg have headers, and a last frame is filled up.
    assert found <= 8 * len(data) / 2.0 <= 1.15 * found


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.PCM, AudioFormat.FLAC])
def test_a_format_without_a_bit_rate_is_what_it_is(audio_format: AudioFormat) -> None:
    pcm = noise(2_000)
    plain, asked = (make_encoder(audio_format, 24_000, rate) for rate in (None, 24_000))
    assert encoded(asked, pcm, 500) == encoded(plain, pcm, 500)


def test_a_stream_of_wav_says_that_its_length_is_unknown() -> None:
    data = make_encoder(AudioFormat.WAV, 24000).encode(noise(1))
    assert data[:44] == wav_header(None, 24000)
    assert data[4:8] == data[40:44] == b"\xff\xff\xff\xff"


def test_a_stream_of_flac_says_that_its_total_is_unknown() -> None:
    data = encoded(make_encoder(AudioFormat.FLAC, 24000), noise(5000), 1000)
    stream_info = data[8:42]
    # The last 36 bits before the checksum of the samples.
    assert int.from_bytes(stream_info[13:18], "big") & (2**36 - 1) == 0


@pytest.mark.parametrize("rate_hz", supported_rates(AudioFormat.AAC) or ())
def test_every_frame_of_aac_says_what_it_is_so_that_a_listener_may_come_in_at_any(
    rate_hz: int,
) -> None:
    data = encoded(make_encoder(AudioFormat.AAC, rate_hz), noise(rate_hz), rate_hz // 50)
    num_frames = 0
    while data:
        header = int.from_bytes(data[:7], "big")
        # The sync word; MPEG-4, no layer, no checksum; low complexity; the rate; one channel.
        assert header >> 40 in {0xFFF1, 0xFFF9}
        assert header >> 38 & 0b11 == 1
        assert ADTS_RATES[header >> 34 & 0b1111] == rate_hz
        assert header >> 30 & 0b111 == 1
        data = data[header >> 13 & 0x1FFF :]
        num_frames += 1
    assert num_frames >= rate_hz / AAC_FRAME


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
    [
        (AudioFormat.OPUS, "8000, 12000"),
        (AudioFormat.MP3, "8000, 11025"),
        (AudioFormat.AAC, "only 11025, 12000"),
        (AudioFormat.MULAW, "only 8000$"),
        (AudioFormat.ALAW, "only 8000$"),
    ],
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
