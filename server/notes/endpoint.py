"""A route that makes notes: the text in, the file out while it is being made."""

import logging
from contextlib import aclosing, suppress
from functools import partial

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.bodies.arriving import Bodies, max_body_bytes
from server.bodies.presence import while_connected
from server.errors import RequestError
from server.middleware import request_id_of
from server.notes.dialect import Dialect
from server.notes.file_response import FileResponse
from server.notes.opening import open_note
from server.notes.request import NoteRequest
from server.notes.streaming import NoteStream
from server.service import Service
from server.voices.recording import MAX_AUDIO_BYTES

_log = logging.getLogger(__name__)

_ALLOWED = "OPTIONS, POST"


class NotesEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service, dialect: Dialect) -> None:
        """Serve what is asked for in the words of `dialect`."""
        self._service = service
        self._dialect = dialect
        self._limits = service.limits
        self._bodies = Bodies(max_body_bytes(self._limits.max_text_chars, MAX_AUDIO_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await self._other_method(scope["method"])(scope, receive, send)
            return
        try:
            self._service.drain.check()
            request = await self._read(scope, receive)
        except RequestError as error:
            await self._refuse(error, scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await self._serve(scope, receive, send, request)

    async def _read(self, scope: Scope, receive: Receive) -> NoteRequest:
        parse = partial(self._dialect.parse, headers=Headers(scope=scope))
        return await self._bodies.parsed(scope, receive, parse)

    async def _refuse(
        self, error: RequestError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._service.refuse(error.code, ServiceClass.NOTE, request_id_of(scope))
        await self._dialect.refusal(error)(scope, receive, send)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, request: NoteRequest
    ) -> None:
        """Make the note and send it, or give it up as soon as the client or the server leaves."""
        make = partial(self._make, scope, receive, send, request)
        # A body that was cut has no end, which tells the reader.
        with suppress(ClientDisconnect, RequestError):
            await while_connected(receive, make, self._service.drain)

    async def _make(self, scope: Scope, receive: Receive, send: Send, request: NoteRequest) -> None:
        try:
            note = await open_note(self._service, request, request_id_of(scope))
        except RequestError as error:
            await self._refuse(error, scope, receive, send)
            return
        try:
            await self._send(scope, receive, send, request, note)
        finally:
            note.close()

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, request: NoteRequest, note: NoteStream
    ) -> None:
        response = FileResponse(send, request.reply.media_type)
        try:
            await self._send_in_time(response, request, note)
        except RequestError as error:
            note.close(error.code.value)
            if response.has_begun:
                # Too late for a status. A chunked body without its end tells the reader.
                _log.warning("a note was cut short")
            else:
                await self._dialect.refusal(error)(scope, receive, send)

    async def _send_in_time(
        self, response: FileResponse, request: NoteRequest, note: NoteStream
    ) -> None:
        """Send the note: as any stream, it holds a place, however little of it is read."""
        try:
            with anyio.fail_after(self._limits.max_stream_s):
                async with aclosing(note.chunks()) as chunks:
                    await response.send(request.reply.frame(chunks))
        except TimeoutError as error:
            raise RequestError(ErrorCode.TIME_LIMIT, "the note took too long") from error

    def _other_method(self, method: str) -> Response:
        if method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": _ALLOWED})
        return self._dialect.wrong_method(_ALLOWED)
