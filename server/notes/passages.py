"""SSML for a model: what it says of each part, and how, checked before any audio."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from engine.errors import NormalizationMissing, Unsupported
from engine.runner import ModelInfo
from engine.text.normalization.say_as import say_as
from protocol.codes import ErrorCode
from protocol.fields import VOLUME_DB_RANGE
from protocol.messages import Limits
from server.errors import RequestError
from server.notes.request import NoteRequest
from server.notes.speech import speech_of
from server.parameters import Parameters, Speech
from server.ssml.parts import Part, Prosody, SayAs, Words

#: What XML counts as white space; lines are broken wherever the writer liked.
_SPACES = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is spoken without a change, how, and the silence after it.

    `speech` lacks the voice where that is the one of a recording. Samples are at its rate.
    """

    text: str
    speech: Speech
    num_pause_samples: int


def passages_of(request: NoteRequest, model: ModelInfo, limits: Limits) -> tuple[Passage, ...]:
    """Return the passages of a note, none if its text is plain.

    Hundreds of numbers, or of ways to speak, take a tenth of a second. Any thread may call it.

    Raises:
        RequestError: `bad_value`, `unsupported` or `text_too_long`; the message says where.
    """
    if not request.parts:
        return ()
    language = _language(request, model, limits)
    speech_with = cache(lambda prosody: _speech(request, prosody, model, limits))
    passages = tuple(_passage(part, language, speech_with) for part in request.parts)
    num_chars = sum(len(passage.text) for passage in passages)
    if num_chars > limits.max_text_chars:
        raise RequestError(
            ErrorCode.TEXT_TOO_LONG,
            f"ssml says {num_chars} characters of {limits.max_text_chars} allowed",
        )
    return passages


def _language(request: NoteRequest, model: ModelInfo, limits: Limits) -> str:
    voice = speech_of(request, model, limits).request.voice
    return request.parameters.language or model.voices.languages(voice)[0]


def _passage(part: Part, language: str, speech_with: Callable[[Prosody], Speech]) -> Passage:
    said = "".join(_said(words, language) for words in part.words)
    try:
        speech = speech_with(part.prosody)
    except RequestError as error:
        raise RequestError(error.code, f"ssml: {part.where}: {error.message}") from error
    pause = round(part.pause_s * speech.sample_rate_hz)
    return Passage(_SPACES.sub(" ", said).strip(" "), speech, pause)


def _speech(request: NoteRequest, prosody: Prosody, model: ModelInfo, limits: Limits) -> Speech:
    parameters = _with_prosody(request.parameters, prosody)
    speech = speech_of(replace(request, parameters=parameters), model, limits)
    # What the way of its audio needs is found missing now.
    speech.audio_path()
    return speech


def _with_prosody(parameters: Parameters, prosody: Prosody) -> Parameters:
    """Return how a part is spoken; no volume is too soft, since there is `silent`."""
    if prosody == Prosody():
        return parameters
    volume_db = (parameters.volume_db or 0.0) + prosody.volume_db
    return replace(
        parameters,
        speed=(1.0 if parameters.speed is None else parameters.speed) * prosody.speed,
        pitch=(parameters.pitch or 0.0) + prosody.pitch,
        volume_db=max(volume_db, VOLUME_DB_RANGE[0]),
    )


def _said(words: Words, language: str) -> str:
    if not isinstance(words, SayAs):
        return words
    try:
        return say_as(words.text, words.interpret_as, words.format, language)
    except (Unsupported, NormalizationMissing) as error:
        code, problem = ErrorCode.UNSUPPORTED, str(error)
    except ValueError as error:
        code, problem = ErrorCode.BAD_VALUE, f"interpret-as of <say-as> {error}"
    raise RequestError(code, f"ssml: {words.where}: {problem}")
