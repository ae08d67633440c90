"""`/v1/references`, as fish-speech's own server calls its voices: ours, by its words.

It answers in msgpack, unless JSON is asked for.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgpack
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.bodies.fields import binary, field, string
from server.dialects.body import read_loosely
from server.dialects.fish.errors import voice_status_of
from server.errors import RequestError
from server.problems import retry_headers
from server.service import Service
from server.voices.intake import VoiceIntake
from server.voices.request import NewVoice, new_id

PATH = "/v1/references"
_JSON, _PACKED = "application/json", "application/msgpack"

_T = TypeVar("_T")
_Told = dict[str, Any]


class ReferencesEndpoint:
    """The handlers of the routes."""

    def __init__(self, service: Service, intake: VoiceIntake) -> None:
        self._library = service.voices
        self._model = service.engine.info
        self._intake = intake

    async def add(self, request: Request) -> Response:
        """Store a voice."""
        return await _answered(self._add, request)

    async def ids(self, request: Request) -> Response:
        """List the stored voices."""
        return await _answered(self._list, request)

    async def rename(self, request: Request) -> Response:
        """Give a stored voice another id."""
        return await _answered(self._rename, request)

    async def delete(self, request: Request) -> Response:
        """Forget a stored voice."""
        return await _answered(self._delete, request)

    async def _add(self, request: Request) -> _Told:
        voice = await self._intake.add(request, _parse_new)
        return {"message": f"{voice.id} is stored", "reference_id": voice.id}

    async def _list(self, _: Request) -> _Told:
        ids = [voice.id for voice in await self._library.stored(self._model)]
        return {"message": f"{len(ids)} voices are stored", "reference_ids": ids}

    async def _rename(self, request: Request) -> _Told:
        old_id, new = await self._intake.read(request, _parse_ids)
        await self._library.rename(old_id, new, self._model)
        return {
            "message": f"{old_id} is {new} now",
            "old_reference_id": old_id,
            "new_reference_id": new,
        }

    async def _delete(self, request: Request) -> _Told:
        voice_id = await self._intake.read(request, _parse_id)
        await self._library.store.remove(voice_id)
        return {"message": f"{voice_id} is forgotten", "reference_id": voice_id}


def _parse_new(body: bytearray, media_type: str) -> NewVoice:
    fields = read_loosely(body, media_type)
    voice_id = _needed(fields, "id", new_id)
    audio, text = _needed(fields, "audio", binary), _needed(fields, "text", string)
    return NewVoice(voice_id, None, Reference(audio, text))


def _parse_ids(body: bytearray, media_type: str) -> tuple[str, str]:
    fields = read_loosely(body, media_type)
    return _needed(fields, "old_reference_id", string), _needed(fields, "new_reference_id", new_id)


def _parse_id(body: bytearray, media_type: str) -> str:
    return _needed(read_loosely(body, media_type), "reference_id", string)


def _needed(fields: Mapping[str, Any], name: str, read: Callable[[Any], _T]) -> _T:
    value = field(fields, name, read)
    if value is None:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} is missing")
    return value


async def _answered(answer: Callable[[Request], Awaitable[_Told]], request: Request) -> Response:
    try:
        return _reply(request, 200, {"success": True, **await answer(request)})
    except RequestError as error:
        told = {"success": False, "message": error.message}
        return _reply(request, voice_status_of(error), told, retry_headers(error))
    except ClientDisconnect:
        return Response()  # nobody reads it


def _reply(
    request: Request, status: int, told: _Told, headers: Mapping[str, str] | None = None
) -> Response:
    if _wants_json(request):
        return JSONResponse(told, status, headers)
    return Response(msgpack.packb(told), status, headers, _PACKED)


def _wants_json(request: Request) -> bool:
    asked = request.query_params.get("format", "").lower()
    if asked in {"json", _JSON, "msgpack", _PACKED}:
        return asked in {"json", _JSON}
    accepted = request.headers.get("accept", "").lower()
    return _JSON in accepted and _PACKED not in accepted
