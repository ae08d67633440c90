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
from server.dialects.body import choice, integer_or_digits, number_or_digits
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


@dataclass(frozen=True, slots=True)
class FishRequest:
    """What to say, in which format, and how; `text` may be empty."""

    text: str
    format: AudioFormat
    parameters: Parameters


def read_request(fields: Mapping[str, Any], model: ModelInfo) -> FishRequest:
    """Read the fields that mean something here; all others are passed over.

    These are hints for a model that is another one, or for the pieces in which it makes a text:
    `latency`, `chunk_length`, `normalize`, `max_new_tokens` and so on. So are bit rates. Clients
    send what a model samples by whether they were told to or not: one that does not sample ignores
    it.

    Raises:
        RequestError: `bad_value`.
    """
    audio_format, rate_hz = choice(fields, "format", _FORMATS, _DEFAULT_FORMAT)
    prosody = field(fields, "prosody", _object) or {}
    return FishRequest(
        text=field(fields, "text", string) or "",
        format=audio_format,
        parameters=Parameters(
            **_voice(fields),
            sample_rate=field(fields, "sample_rate", integer_or_digits) or rate_hz,
            speed=field(prosody, "speed", number_or_digits),
            volume_db=field(prosody, "volume", number_or_digits),
            sampling=_sampling(fields) if Feature.SAMPLING in model.features else Sampling(),
        ),
    )


def _voice(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the voice that is named, else the recording that is given."""
    voice = field(fields, "reference_id", string)
    given: list[Reference] = field(fields, "references", _references) or []
    if voice is not None or not given:
        return {"voice": voice}
    if len(given) > 1:
        raise RequestError(ErrorCode.UNSUPPORTED, "references: give one recording")
    return {"reference": given[0]}


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
