"""The formats of audio that leave the server, and the sample rates each can carry."""

from enum import StrEnum

from protocol.encodings import G711_RATE_HZ
from server.audio.errors import UnsupportedRate


class AudioFormat(StrEnum):
    """What a client may ask for; always mono."""

    WAV = "wav"
    #: Raw 16-bit little-endian samples, no header.
    PCM = "pcm"
    MP3 = "mp3"
    #: Opus in Ogg.
    OPUS = "opus"
    #: AAC-LC in ADTS.
    AAC = "aac"
    FLAC = "flac"
    #: G.711 without a header, as a telephone line carries it.
    MULAW = "mulaw"
    ALAW = "alaw"

    @property
    def media_type(self) -> str:
        """The `Content-Type` of the format."""
        return _MEDIA_TYPES[self]

    @property
    def is_copied(self) -> bool:
        """Whether its encoding is a copy or a table; others take milliseconds, and PyAV."""
        return self in (AudioFormat.WAV, AudioFormat.PCM, AudioFormat.MULAW, AudioFormat.ALAW)


_MEDIA_TYPES = {
    AudioFormat.WAV: "audio/wav",
    AudioFormat.PCM: "audio/pcm",
    AudioFormat.MP3: "audio/mpeg",
    AudioFormat.OPUS: "audio/ogg; codecs=opus",
    AudioFormat.AAC: "audio/aac",
    AudioFormat.FLAC: "audio/flac",
    # RFC 2046, 4.3. The other law has none that is registered: this is VoiceXML's, 2.0, appendix E.
    AudioFormat.MULAW: "audio/basic",
    AudioFormat.ALAW: "audio/x-alaw-basic",
}

_RATES = {
    AudioFormat.MP3: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    AudioFormat.OPUS: (8000, 12000, 16000, 24000, 48000),
    # Two frames of 1,024 samples come before the first byte: at 8 kHz, a quarter of a second.
    AudioFormat.AAC: (11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    AudioFormat.MULAW: (G711_RATE_HZ,),
    AudioFormat.ALAW: (G711_RATE_HZ,),
}


def supported_rates(audio_format: AudioFormat) -> tuple[int, ...] | None:
    """Return the sample rates in Hz that the format can carry, ascending; `None` means any."""
    return _RATES.get(audio_format)


def natural_rate(audio_format: AudioFormat, model_rate_hz: int) -> int:
    """Return the model's own rate in Hz, or the next one that the format can carry."""
    rates = supported_rates(audio_format)
    if rates is None:
        return model_rate_hz
    return next((rate for rate in rates if rate >= model_rate_hz), rates[-1])


def check_rate(audio_format: AudioFormat, sample_rate_hz: int) -> None:
    """Pass if the format can carry the rate.

    Raises:
        UnsupportedRate: it cannot.
    """
    rates = supported_rates(audio_format)
    if rates is not None and sample_rate_hz not in rates:
        listed = ", ".join(map(str, rates))
        raise UnsupportedRate(
            f"{audio_format.value} cannot carry {sample_rate_hz} Hz, only {listed}"
        )
