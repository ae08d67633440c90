"""From PCM to the bytes of a format, as it comes."""

from collections.abc import Mapping
from typing import Protocol

from engine.steps import Pcm
from protocol.encodings import EncodingName
from server.audio.formats import AudioFormat, check_rate
from server.audio.muxed import AAC, FLAC, MP3, OPUS, MuxedEncoder
from server.audio.raw import RawEncoder
from server.audio.wav import WavEncoder


class Encoder(Protocol):
    """One file or stream in the making. Synchronous; one caller at a time."""

    def encode(self, pcm: Pcm) -> bytes:
        """Take mono samples, shape (samples,) int16; return the bytes that are ready, or none."""
        ...

    def finish(self) -> bytes:
        """Return the rest. Nothing may be encoded afterwards."""
        ...

    def close(self) -> None:
        """Give back what the file needed, finished or not. May be called twice."""
        ...


_RAW: Mapping[AudioFormat, EncodingName] = {
    AudioFormat.PCM: "pcm16",
    AudioFormat.MULAW: "mulaw",
    AudioFormat.ALAW: "alaw",
}
_RECIPES = {
    AudioFormat.MP3: MP3,
    AudioFormat.OPUS: OPUS,
    AudioFormat.AAC: AAC,
    AudioFormat.FLAC: FLAC,
}


def make_encoder(
    audio_format: AudioFormat, sample_rate_hz: int, bit_rate: int | None = None
) -> Encoder:
    """Return a new encoder of the format for mono samples at `sample_rate_hz`.

    `bit_rate` is in bits per second, of a format that has one; `None` leaves it to the format. An
    mp3 has the most that its sample rate carries, if that is less.

    Raises:
        UnsupportedRate: the format cannot carry the rate.
        CodecsMissing: the format needs PyAV, which is not installed.
    """
    check_rate(audio_format, sample_rate_hz)
    if audio_format in _RAW:
        return RawEncoder(_RAW[audio_format])
    if audio_format is AudioFormat.WAV:
        return WavEncoder(sample_rate_hz)
    return MuxedEncoder(_RECIPES[audio_format], sample_rate_hz, bit_rate)
