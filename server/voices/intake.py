"""New voices on their way in, whatever dialect describes them: read, made, and stored."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request

from protocol.fields import MAX_LEXICON_ENTRIES, MAX_SAID_CHARS, MAX_WORD_CHARS
from server.bodies.arriving import Bodies, max_body_bytes
from server.bodies.fields import media_type_of
from server.bodies.presence import while_connected
from server.service import Service
from server.voices.recording import MAX_AUDIO_BYTES, MAX_TEXT_CHARS
from server.voices.request import NewVoice
from server.voices.store import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, StoredVoice

_T = TypeVar("_T")

_MAX_LEXICON_CHARS = MAX_LEXICON_ENTRIES * (MAX_WORD_CHARS + MAX_SAID_CHARS)
#: Of all fields but the recording.
_MAX_CHARS = MAX_TEXT_CHARS + MAX_NAME_CHARS + MAX_DESCRIPTION_CHARS + _MAX_LEXICON_CHARS


class VoiceIntake:
    """What the routes share that take voices: room for so many recordings, and no more."""

    def __init__(self, service: Service) -> None:
        self._library = service.voices
        self._model = service.engine.info
        self._drain = service.drain
        self._bodies = Bodies(max_body_bytes(_MAX_CHARS, MAX_AUDIO_BYTES))

    async def read(self, request: Request, parse: Callable[[bytearray, str], _T]) -> _T:
        """Return what `parse` makes of a body and its media type.

        Raises:
            ClientDisconnect: the client has left.
            RequestError: see `Bodies.parsed`.
        """
        media_type = media_type_of(request.scope)
        return await self._bodies.parsed(
            request.scope, request.receive, lambda body: parse(body, media_type)
        )

    async def add(
        self, request: Request, parse: Callable[[bytearray, str], NewVoice]
    ) -> StoredVoice:
        """Return the voice of a body, once it is made and stored.

        Raises:
            ClientDisconnect: the client has left, and the voice is given up.
            RequestError: `draining`, or see `read` and `VoiceLibrary.add`.
        """
        self._drain.check()
        asked = await self.read(request, parse)
        add = partial(self._library.add, asked, self._model)
        return await while_connected(request.receive, add, self._drain)
