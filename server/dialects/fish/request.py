"""How a request of Fish's asks to speak: the body of `/v1/tts`, and `request` of a live `start`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.request import Sampling
from engine.runner import Feature, ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.audio.formats import AudioFormat
from server.bodies.fields import field, reference, string
from server.dialects.body import boolean_or_word, choice, integer_or_digits, number_or_digits
from server.errors import RequestError
from server.parameters import Parameters

#: By the name of the format: what is meant by it, and the rate where none is asked for.
_FORMATS = {
    "wav": (AudioFormat.WAV, 44_100),
    "pcm": (AudioFormat.PCM, 44_100),
    "mp3": (AudioFormat.MP3, 44_100),
    "opus": (AudioFormat.OPUS, 48_000),
}
_DEFAULT_FORMAT = "mp3"
#: As Fish counts them, in thousands, and in bits per second.
MP3_BIT_RATES = {64: 64_000, 128: 128_000, 192: 192_000}
#: Its SDK says these in thousands, LiveKit's plugin in bits; -1000 leaves it to us.
OPUS_BIT_RATES = {
    -1000: 32_000,
    24: 24_000, 32: 32_000, 48: 48_000, 64: 64_000,
    24_000: 24_000, 32_000: 32_000, 48_000: 48_000, 64_000: 64_000,
}  # fmt: skip

#: Of a minute each, they leave a model that reads as much at once as S1 room to speak.
MAX_REFERENCES = 4


@dataclass(frozen=True, slots=True)
class FishRequest:
    """What to say, in which format, and how; `text` may be empty."""

    text: str
    format: AudioFormat
    sample_rate_hz: int
    parameters: Parameters
    #: In bits per second; `None` leaves it to the format.
    bit_rate: int | None


def read_request(fields: Mapping[str, Any], model: ModelInfo) -> FishRequest:
    """Read the fields that mean something here; all others are passed over.

    These are hints for a model that is another one, or for the pieces in which it makes a text:
    `latency`, `chunk_length`, `max_new_tokens` and so on. Clients send what a model samples by, and
    `normalize`, whether they were told to or not: where that cannot be done, it is passed over.

    Raises:
        RequestError: `bad_value`.
    """
    audio_format, natural_hz = choice(fields, "format", _FORMATS, _DEFAULT_FORMAT)
    rate_hz = field(fields, "sample_rate", integer_or_digits) or natural_hz
    prosody = field(fields, "prosody", _object) or {}
    return FishRequest(
        text=field(fields, "text", string) or "",
        format=audio_format,
        sample_rate_hz=rate_hz,
        parameters=Parameters(
            **_voice(fields),
            sample_rate=rate_hz,
            speed=field(prosody, "speed", number_or_digits),
            volume_db=field(prosody, "volume", number_or_digits),
            may_normalize=field(fields, "normalize", boolean_or_word) is not False,
            sampling=_sampling(fields) if Feature.SAMPLING in model.features else Sampling(),
        ),
        bit_rate=_bit_rate(fields, audio_format),
    )


def _bit_rate(fields: Mapping[str, Any], audio_format: AudioFormat) -> int | None:
    """Return that of the format that is asked for; both are looked at."""
    names = ("mp3_bitrate", "opus_bitrate")
    given = {name: field(fields, name, integer_or_digits) for name in names}
    chosen = {
        AudioFormat.MP3: choice(given, "mp3_bitrate", MP3_BIT_RATES, 128),
        AudioFormat.OPUS: choice(given, "opus_bitrate", OPUS_BIT_RATES, 32),
    }
    return chosen.get(audio_format)


def _voice(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the voice that is named, else the recordings that are given."""
    voice = field(fields, "reference_id", string)
    given: list[Reference] = field(fields, "references", _references) or []
    if voice is not None or not given:
        return {"voice": voice}
    if len(given) > MAX_REFERENCES:
        raise RequestError(ErrorCode.BAD_VALUE, f"references: give {MAX_REFERENCES} at most")
    return {"references": tuple(given)}


def _sampling(fields: Mapping[str, Any]) -> Sampling:
    return Sampling(
        seed=field(fields, "seed", integer_or_digits),
        temperature=field(fields, "temperature", number_or_digits),
        top_p=field(fields, "top_p", number_or_digits),
        repetition_penalty=field(fields, "repetition_penalty", number_or_digits),
    )


def _references(value: object) -> list[Reference]:
    if not isinstance(value, list):
        raise TypeError("must be a list of objects with audio and text")
    return [reference(each) for each in value]


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("must be an object")
    return value
