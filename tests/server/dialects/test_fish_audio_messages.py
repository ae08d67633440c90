"""What a live socket of Fish sends at a flush, in every format: all that the encoder gives."""

from io import BytesIO

import av
import numpy as np
import pytest

from server.audio.formats import AudioFormat, supported_rates
from server.dialects.fish.audio_messages import MIN_BYTES, AudioMessages
from server.dialects.fish.request import MP3_BIT_RATES, OPUS_BIT_RATES
from server.dialects.silence import SILENCE_S

pytestmark = pytest.mark.anyio

#: What an encoder keeps until more comes, in seconds; that of mp3 counts in samples.
DELAY_S, SLOW_DELAY_S = 0.1, 0.15
BIT_RATES = {AudioFormat.MP3: MP3_BIT_RATES, AudioFormat.OPUS: OPUS_BIT_RATES}
COMPRESSED = [
    (audio_format, rate_hz, min(bit_rates.values()))
    for audio_format, bit_rates in BIT_RATES.items()
    for rate_hz in supported_rates(audio_format) or ()
]
PADDED = [(AudioFormat.PCM, rate_hz, None) for rate_hz in (8_000, 24_000, 48_000)]
PADDED += [(AudioFormat.WAV, 8_000, None)]


@pytest.fixture
def anyio_backend() -> str:
    """What is tested here is done in threads; the other loop would only wait."""
    return "asyncio"


def decoded_s(data: bytes) -> float:
    with av.open(BytesIO(data), "r") as container:
        frames = [*container.decode(audio=0)]
    return sum(frame.samples for frame in frames) / frames[0].sample_rate if frames else 0.0


@pytest.mark.parametrize(("audio_format", "rate_hz", "bit_rate"), COMPRESSED)
async def test_at_a_flush_compressed_audio_is_sent_but_for_what_its_encoder_keeps(
    audio_format: AudioFormat, rate_hz: int, bit_rate: int
) -> None:
    out = AudioMessages(audio_format, rate_hz, bit_rate)
    piece = np.zeros(rate_hz // 17, np.int16)
    data = b""
    for flushed in range(1, 4):
        for _ in range(3 * flushed):
            data += await out.encode(piece)
        sent, num_filled = out.settle()
        data += sent
        assert num_filled == 0
    spoken_s = 18 * len(piece) / rate_hz
    delay_s = SLOW_DELAY_S if rate_hz < 11_025 else DELAY_S
    assert spoken_s - delay_s <= decoded_s(data) <= spoken_s
    assert decoded_s(data + await out.finish()) >= spoken_s - 1 / rate_hz
    out.close()


@pytest.mark.parametrize(("audio_format", "rate_hz", "bit_rate"), COMPRESSED)
async def test_a_silence_is_enough_for_a_message_that_sounds(
    audio_format: AudioFormat, rate_hz: int, bit_rate: int
) -> None:
    out = AudioMessages(audio_format, rate_hz, bit_rate)
    assert await out.be_silent() == round(SILENCE_S * rate_hz)
    data, _ = out.settle()
    assert decoded_s(data) > 0
    out.close()


@pytest.mark.parametrize(("audio_format", "rate_hz", "bit_rate"), PADDED)
async def test_a_silence_is_enough_for_a_client_that_drops_what_is_short(
    audio_format: AudioFormat, rate_hz: int, bit_rate: None
) -> None:
    out = AudioMessages(audio_format, rate_hz, bit_rate)
    await out.be_silent()
    data, num_filled = out.settle()
    assert len(data) >= MIN_BYTES
    assert num_filled == 0
