"""`/model`, as Fish calls its voices: ours, by its words. They are made and kept in `voices/`."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from server.dialects.fish.errors import voice_error
from server.dialects.fish.voice_answer import own_voice, stored_voice
from server.dialects.fish.voice_page import page
from server.dialects.fish.voice_request import parse_change, parse_new
from server.errors import RequestError
from server.service import Service
from server.voices.intake import VoiceIntake
from server.voices.store import StoredVoice

PATH = "/model"


class FishVoicesEndpoint:
    """The handlers of the routes."""

    def __init__(self, service: Service, intake: VoiceIntake) -> None:
        self._library = service.voices
        self._model = service.engine.info
        self._intake = intake

    async def collection(self, request: Request) -> Response:
        """Answer `GET` with a page of voices, `POST` by storing one."""
        return await _answered(self._create if request.method == "POST" else self._list, request)

    async def member(self, request: Request) -> Response:
        """Answer `GET` with a voice; `PATCH` what is told of a stored one, or `DELETE` it."""
        ways = {"DELETE": self._remove, "PATCH": self._change}
        return await _answered(ways.get(request.method, self._show), request)

    async def _list(self, request: Request) -> Response:
        stored = await self._library.stored(self._model)
        voices = [*map(self._stored, stored), *self._own()]
        return JSONResponse(page(voices, request.query_params))

    async def _create(self, request: Request) -> Response:
        voice = await self._intake.add(request, parse_new)
        return JSONResponse(self._stored(voice), 201)

    async def _show(self, request: Request) -> Response:
        voice_id = _id_of(request)
        for voice in self._own():
            if voice["_id"] == voice_id:
                return JSONResponse(voice)
        return JSONResponse(self._stored(await self._library.find_stored(voice_id, self._model)))

    async def _change(self, request: Request) -> Response:
        change = await self._intake.read(request, parse_change)
        voice = await self._library.change(_id_of(request), change, self._model)
        return JSONResponse(self._stored(voice))

    async def _remove(self, request: Request) -> Response:
        await self._library.store.remove(_id_of(request))
        return Response(status_code=204)

    def _own(self) -> list[dict[str, Any]]:
        return [own_voice(voice, self._model.name) for voice in self._model.voices]

    def _stored(self, voice: StoredVoice) -> dict[str, Any]:
        # It speaks what the model speaks, whatever was said in its recording.
        return stored_voice(voice, self._model.voices.default.languages)


def _id_of(request: Request) -> str:
    voice_id: str = request.path_params["voice_id"]
    return voice_id


async def _answered(answer: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    try:
        return await answer(request)
    except RequestError as error:
        return voice_error(error)
    except ClientDisconnect:
        return Response()  # nobody reads it
