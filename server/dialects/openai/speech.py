"""The body of `POST /v1/audio/speech`, as a note."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from server.audio.formats import AudioFormat
from server.bodies.fields import field, number, string
from server.dialects.body import choice, read_loosely
from server.dialects.openai.errors import error_response, other_error
from server.dialects.openai.sse import in_events
from server.dialects.silence import SILENCE_S
from server.errors import RequestError
from server.notes.request import NoteRequest, Reply, as_it_is, check_text
from server.parameters import Parameters

#: What OpenAI's clients take every raw sample for: no header tells them another rate.
PCM_RATE_HZ = 24_000
_FORMATS = {each.value: each for each in AudioFormat}
_STREAM_FORMATS = {"audio": False, "sse": True}


class OpenAiDialect:
    """OpenAI's words for a note. `model` and `instructions` are taken, and change nothing."""

    def __init__(self, max_text_chars: int) -> None:
        self._max_text_chars = max_text_chars

    def parse(self, body: bytearray, headers: Mapping[str, str]) -> NoteRequest:
        """Do as `Dialect` says."""
        fields = read_loosely(body, headers.get("content-type", ""))
        text = check_text(field(fields, "input", string), "input", self._max_text_chars)
        for ignored in ("model", "instructions"):
            field(fields, ignored, string)
        audio_format = choice(fields, "response_format", _FORMATS, "mp3")
        return NoteRequest(
            text=text,
            format=audio_format,
            parameters=Parameters(
                voice=field(fields, "voice", _voice),
                sample_rate=PCM_RATE_HZ if audio_format is AudioFormat.PCM else None,
                speed=field(fields, "speed", number),
            ),
            reply=_reply(fields, text, audio_format),
            silence_s=SILENCE_S,
        )

    def refusal(self, error: RequestError) -> Response:
        """Do as `Dialect` says."""
        return error_response(error)

    def wrong_method(self, allowed: str) -> Response:
        """Do as `Dialect` says."""
        message = "speech is made by POST"
        return other_error(405, "method_not_allowed", message, {"Allow": allowed})


def _voice(value: object) -> str:
    """Read a name, or an object that has an `id`."""
    if isinstance(value, dict):
        return string(value.get("id"))
    return string(value)


def _reply(fields: Mapping[str, Any], text: str, audio_format: AudioFormat) -> Reply:
    is_in_events = choice(fields, "stream_format", _STREAM_FORMATS, "audio")
    return in_events(text) if is_in_events else as_it_is(audio_format)
