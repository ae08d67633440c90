"""`/v1/voices`: the model's voices and those that were stored, and how one is stored."""

from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from engine.voices import Voice
from server.errors import RequestError
from server.problems import problem_of
from server.service import Service
from server.voices.intake import VoiceIntake
from server.voices.request import parse_voice
from server.voices.store import StoredVoice

PATH = "/v1/voices"


class VoicesEndpoint:
    """The handlers of the routes."""

    def __init__(self, service: Service, intake: VoiceIntake) -> None:
        self._library = service.voices
        self._model = service.engine.info
        self._intake = intake

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
        stored = await self._library.stored(self._model)
        return JSONResponse(
            {
                "default": catalogue.behind(None) or catalogue.default.id,
                "voices": [*map(_own, catalogue), *map(self._stored, stored)],
                "aliases": dict(catalogue.aliases),
                "variants": sorted(catalogue.variants),
            }
        )

    async def _create(self, request: Request) -> Response:
        voice = await self._intake.add(request, parse_voice)
        location = f"{PATH}/{quote(voice.id)}"
        return JSONResponse(self._stored(voice), 201, headers={"Location": location})

    async def _find(self, voice_id: str) -> dict[str, object]:
        for voice in self._model.voices:
            if voice.id == voice_id:
                return _own(voice)
        # Only what the model can speak as is a voice of this server.
        return self._stored(await self._library.find_stored(voice_id, self._model))

    def _stored(self, voice: StoredVoice) -> dict[str, object]:
        # It speaks what the model speaks, whatever was said in its recording.
        languages = list(self._model.voices.default.languages)
        shown = {"id": voice.id, "name": voice.name, "languages": languages, "stored": True}
        return shown | ({"lexicon": dict(voice.lexicon)} if voice.lexicon else {})


def _own(voice: Voice) -> dict[str, object]:
    languages = list(voice.languages)
    return {"id": voice.id, "name": voice.name, "languages": languages, "stored": False}
