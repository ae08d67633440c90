"""The body of `POST /v1/tts`, as a note."""

from collections.abc import Mapping

from starlette.responses import Response

from engine.runner import ModelInfo
from server.audio.formats import AudioFormat
from server.dialects.body import read_loosely
from server.dialects.fish.errors import error_response, other_error
from server.dialects.fish.request import FishRequest, read_request
from server.dialects.fish.timed_note import in_timed_events
from server.dialects.silence import SILENCE_S
from server.errors import RequestError
from server.notes.request import NoteRequest, Reply, as_it_is, check_text, sent_as

#: Where they differ from our own.
_MEDIA_TYPES = {
    AudioFormat.PCM: "application/octet-stream",
    AudioFormat.OPUS: "audio/ogg",
}


class FishDialect:
    """Fish's words for a note."""

    def __init__(self, model: ModelInfo, max_text_chars: int, *, is_timed: bool = False) -> None:
        """Where it `is_timed`, answer with events that say which word is heard when."""
        self._model = model
        self._max_text_chars = max_text_chars
        self._is_timed = is_timed

    def parse(self, body: bytearray, headers: Mapping[str, str]) -> NoteRequest:
        """Do as `Dialect` says."""
        asked = read_request(read_loosely(body, headers.get("content-type", "")), self._model)
        return NoteRequest(
            text=check_text(asked.text, "text", self._max_text_chars),
            format=asked.format,
            parameters=asked.parameters,
            reply=self._reply(asked),
            bit_rate=asked.bit_rate,
            silence_s=SILENCE_S,
        )

    def refusal(self, error: RequestError) -> Response:
        """Do as `Dialect` says."""
        return error_response(error)

    def wrong_method(self, allowed: str) -> Response:
        """Do as `Dialect` says."""
        return other_error(405, "speech is made by POST", {"Allow": allowed})

    def _reply(self, asked: FishRequest) -> Reply:
        if self._is_timed:
            return in_timed_events(asked.text, asked.sample_rate_hz)
        media_type = _MEDIA_TYPES.get(asked.format)
        return as_it_is(asked.format) if media_type is None else sent_as(media_type)
