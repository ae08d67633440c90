"""`/v1/voices`: the model's voices and those that were stored, and how one is stored."""

import secrets
from functools import partial
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from engine.voices import Voice
from server.bodies.arriving import Bodies, max_body_bytes
from server.bodies.fields import media_type_of
from server.bodies.presence import while_connected
from server.errors import RequestError
from server.problems import problem_of
from server.service import Service
from server.voices.recording import MAX_AUDIO_BYTES, MAX_TEXT_CHARS
from server.voices.request import NewVoice, parse_voice
from server.voices.store import MAX_NAME_CHARS, StoredVoice, unknown

PATH = "/v1/voices"
#: Of an id that is drawn: nobody guesses one, and none is drawn twice.
_ID_BYTES = 16


class VoicesEndpoint:
    """The handlers of the routes."""

    def __init__(self, service: Service) -> None:
        self._library = service.voices
        self._model = service.engine.info
        self._drain = service.drain
        self._bodies = Bodies(max_body_bytes(MAX_TEXT_CHARS + MAX_NAME_CHARS, MAX_AUDIO_BYTES))

    async def collection(self, request: Request) -> Response:
        """Answer `GET` with all voices, `POST` by storing one."""
        try:
            if request.method == "POST":
                return await self._create(request)
            return await self._list()
        except RequestError as error:
            return problem_of(error)
        except ClientDisconnect:
            return Response()  # nobody reads it

    async def member(self, request: Request) -> Response:
        """Answer `GET` with one voice, `DELETE` by forgetting a stored one."""
        voice_id = request.path_params["voice_id"]
        try:
            if request.method == "DELETE":
                await self._library.store.remove(voice_id)
                return Response(status_code=204)
            return JSONResponse(await self._find(voice_id))
        except RequestError as error:
            return problem_of(error)

    async def _list(self) -> Response:
        catalogue = self._model.voices
        stored = [] if self._model.encoder is None else await self._library.store.voices()
        return JSONResponse(
            {
                "default": catalogue.behind(None) or catalogue.default.id,
                "voices": [*map(_own, catalogue), *map(self._stored, stored)],
                "aliases": dict(catalogue.aliases),
                "variants": sorted(catalogue.variants),
            }
        )

    async def _create(self, request: Request) -> Response:
        self._drain.check()
        parse = partial(parse_voice, media_type=media_type_of(request.scope))
        asked = await self._bodies.parsed(request.receive, parse)
        voice = await while_connected(request.receive, partial(self._add, asked), self._drain)
        location = f"{PATH}/{quote(voice.id)}"
        return JSONResponse(self._stored(voice), 201, headers={"Location": location})

    async def _add(self, asked: NewVoice) -> StoredVoice:
        voice_id = asked.id or secrets.token_hex(_ID_BYTES)
        name = asked.name or voice_id
        return await self._library.add(voice_id, name, asked.reference, self._model)

    async def _find(self, voice_id: str) -> dict[str, object]:
        for voice in self._model.voices:
            if voice.id == voice_id:
                return _own(voice)
        # Only what the model can speak as is a voice of this server.
        if self._model.encoder is None:
            raise unknown(voice_id)
        return self._stored(await self._library.store.find(voice_id))

    def _stored(self, voice: StoredVoice) -> dict[str, object]:
        # It speaks what the model speaks, whatever was said in its recording.
        languages = list(self._model.voices.default.languages)
        return {"id": voice.id, "name": voice.name, "languages": languages, "stored": True}


def _own(voice: Voice) -> dict[str, object]:
    languages = list(voice.languages)
    return {"id": voice.id, "name": voice.name, "languages": languages, "stored": False}
