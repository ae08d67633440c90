"""What a caller asks for, checked against what the model can do, before any audio."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.cloning import EncodedReference
from engine.errors import UnknownVoice
from engine.request import Sampling, ServiceClass, SynthesisRequest
from engine.runner import Feature, ModelInfo
from protocol.codes import ErrorCode
from protocol.fields import (
    MAX_SEED,
    PITCH_RANGE,
    REPETITION_PENALTY_RANGE,
    SPEED_RANGE,
    TEMPERATURE_RANGE,
    TOP_P_RANGE,
    VOLUME_DB_RANGE,
    Reader,
    language_tag,
    voice_id,
)
from protocol.messages import Limits, Reference
from server.audio.errors import CodecsMissing
from server.audio.path import AudioPath
from server.errors import RequestError
from server.text_rules import text_rules, with_lexicon_below


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How to speak. `None` leaves it to the model."""

    voice: str | None = None
    #: Recordings to speak in the voice of, which is one.
    references: tuple[Reference, ...] = ()
    language: str | None = None
    sample_rate: int | None = None
    speed: float | None = None
    pitch: float | None = None
    volume_db: float | None = None
    normalize: bool | None = None
    #: Normalize where that can be done, and say nothing where it cannot.
    may_normalize: bool = False
    lexicon: Mapping[str, str] | None = None
    sampling: Sampling = Sampling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A request the model can serve, and the way its audio takes afterwards."""

    request: SynthesisRequest
    sample_rate_hz: int
    stretch: float
    volume_db: float
    model_rate_hz: int
    #: Recordings, or the id of a stored one, whose voice is not made yet.
    to_clone: tuple[Reference | str, ...] = ()

    def with_voice(
        self, cloned: tuple[EncodedReference, ...], lexicon: Mapping[str, str]
    ) -> "Speech":
        """Return the same in the voice that was made of what was `to_clone`.

        `lexicon` is the voice's own; what the request says of a word goes before it.
        """
        rules = with_lexicon_below(self.request.text_rules, lexicon)
        request = replace(self.request, references=cloned, text_rules=rules)
        return replace(self, request=request, to_clone=())

    def audio_path(self) -> AudioPath:
        """Build a fresh path from the model's PCM to the caller's.

        Raises:
            RequestError: `unsupported`, where the path needs a library that is not installed.
        """
        try:
            return AudioPath(
                model_rate_hz=self.model_rate_hz,
                sample_rate_hz=self.sample_rate_hz,
                stretch=self.stretch,
                volume_db=self.volume_db,
            )
        except CodecsMissing as error:
            raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error


def check(
    parameters: Parameters,
    model: ModelInfo,
    limits: Limits,
    service_class: ServiceClass,
    head_start_s: float = 0.0,
) -> Speech:
    """Return what to ask of the engine; voices of recordings are made afterwards.

    Raises:
        RequestError: `bad_value`, `unknown_voice` or `unsupported`.
    """
    parameters = _unaliased(parameters, model)
    speed = _within("speed", parameters.speed, 1.0, SPEED_RANGE)
    volume_db = _within("volume_db", parameters.volume_db, 0.0, VOLUME_DB_RANGE)
    to_clone = _to_clone(parameters, model)
    native_speed = min(max(speed, model.speed_range[0]), model.speed_range[1])
    voice = _voice(None if to_clone else parameters.voice, parameters.language, model)
    spoken = model.voices.languages(voice)
    request = SynthesisRequest(
        voice=voice,
        service_class=service_class,
        speed=native_speed,
        pitch=_pitch(parameters.pitch, model),
        pace=speed / native_speed,
        head_start_s=head_start_s,
        sampling=_sampling(parameters.sampling, model),
        text_rules=text_rules(
            parameters.lexicon,
            normalizes=bool(parameters.normalize),
            may_normalize=parameters.may_normalize,
            languages=(parameters.language,) if parameters.language else spoken,
        ),
    )
    return Speech(
        request=request,
        sample_rate_hz=_sample_rate(parameters.sample_rate, model, limits),
        stretch=speed / native_speed,
        volume_db=volume_db,
        model_rate_hz=model.sample_rate_hz,
        to_clone=to_clone,
    )


def _unaliased(parameters: Parameters, model: ModelInfo) -> Parameters:
    """Put the voice in that the configured name stands for; a language alone chooses by itself."""
    name = parameters.voice
    if name is None and (parameters.references or parameters.language is not None):
        return parameters
    return replace(parameters, voice=model.voices.behind(name))


def _to_clone(parameters: Parameters, model: ModelInfo) -> tuple[Reference | str, ...]:
    name = parameters.voice
    _pass_as("voice", name, voice_id)
    if name is None:
        return parameters.references
    if parameters.references:
        raise RequestError(ErrorCode.BAD_VALUE, "voice and reference exclude each other")
    return () if model.voices.has(name) else (name,)


def _voice(name: str | None, language: str | None, model: ModelInfo) -> str:
    _pass_as("language", language, language_tag)
    try:
        return model.voices.resolve(name, language)
    except UnknownVoice as error:
        raise RequestError(ErrorCode.UNKNOWN_VOICE, str(error)) from error


def _pitch(pitch: float | None, model: ModelInfo) -> float:
    semitones = _within("pitch", pitch, 0.0, PITCH_RANGE)
    low, high = model.pitch_range
    if not low <= semitones <= high:
        raise RequestError(
            ErrorCode.UNSUPPORTED, f"pitch of {model.name} can be {low:g} to {high:g}"
        )
    return semitones


def _sampling(sampling: Sampling, model: ModelInfo) -> Sampling:
    if sampling.seed is not None and not 0 <= sampling.seed <= MAX_SEED:
        raise RequestError(ErrorCode.BAD_VALUE, f"seed must be 0 to {MAX_SEED}")
    drawn = (
        ("temperature", sampling.temperature, TEMPERATURE_RANGE),
        ("top_p", sampling.top_p, TOP_P_RANGE),
        ("repetition_penalty", sampling.repetition_penalty, REPETITION_PENALTY_RANGE),
    )
    for name, value, limits in drawn:
        _check_within(name, value, limits)
    if Feature.SAMPLING not in model.features and any(value is not None for _, value, _ in drawn):
        raise RequestError(
            ErrorCode.UNSUPPORTED,
            f"{model.name} does not sample: it has no temperature, top_p or repetition_penalty",
        )
    return sampling


def _sample_rate(rate_hz: int | None, model: ModelInfo, limits: Limits) -> int:
    if rate_hz is None:
        return model.sample_rate_hz
    if not limits.min_sample_rate <= rate_hz <= limits.max_sample_rate:
        raise RequestError(
            ErrorCode.BAD_VALUE,
            f"sample_rate must be {limits.min_sample_rate} to {limits.max_sample_rate} Hz",
        )
    return rate_hz


def _pass_as(name: str, value: str | None, read: Reader) -> None:
    """Hold a name to what it must be on the wire, whatever dialect it came by."""
    try:
        if value is not None:
            read(value)
    except ValueError as error:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} {error}") from error


def _within(name: str, value: float | None, default: float, limits: tuple[float, float]) -> float:
    _check_within(name, value, limits)
    return default if value is None else value


def _check_within(name: str, value: float | None, limits: tuple[float, float]) -> None:
    low, high = limits
    # NaN is in no range.
    if value is not None and not low <= value <= high:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} must be {low:g} to {high:g}")
