"""`POST /v1/notes`: the text in, the file out while it is being made."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.errors import RequestError
from server.middleware import request_id_of
from server.notes.bodies import Bodies, max_body_bytes
from server.notes.request import NoteRequest, parse_note
from server.notes.streaming import NoteStream
from server.problems import problem, problem_of
from server.service import Service

_log = logging.getLogger(__name__)

#: A reader that takes nothing for this long is not reading.
SEND_TIMEOUT_S = 30.0


class NotesEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._max_text_chars = service.limits.max_text_chars
        self._bodies = Bodies(max_body_bytes(self._max_text_chars))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await _other_method(scope["method"])(scope, receive, send)
            return
        try:
            self._service.drain.check()
            request = await self._read(receive)
            note = NoteStream(self._service, request, request_id_of(scope))
        except RequestError as error:
            self._service.count_refusal(error)
            await problem_of(error)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        try:
            await self._serve(scope, receive, send, request, note)
        finally:
            note.close()

    async def _read(self, receive: Receive) -> NoteRequest:
        return parse_note(await self._bodies.read(receive), self._max_text_chars)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, request: NoteRequest, note: NoteStream
    ) -> None:
        """Send the note, or give it up as soon as the client leaves."""
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            with self._service.drain.working(_NoteInHand(tasks.cancel_scope)):
                tasks.start_soon(listen)
                await _send_note(scope, receive, send, request, note)
                tasks.cancel_scope.cancel()


class _NoteInHand:
    """A note as something the server waits for before it ends."""

    def __init__(self, scope: anyio.CancelScope) -> None:
        self._scope = scope

    def drain(self, deadline_s: float) -> None:
        """Go on: HTTP has no word for it."""

    def cut(self) -> None:
        """Leave the body without its end."""
        self._scope.cancel()


def _other_method(method: str) -> Response:
    headers = {"Allow": "OPTIONS, POST"}
    if method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    return problem(405, "method_not_allowed", "notes are made by POST", headers)


async def _send_note(
    scope: Scope, receive: Receive, send: Send, request: NoteRequest, note: NoteStream
) -> None:
    async with aclosing(note.chunks()) as chunks:
        try:
            first = await anext(chunks)
        except RequestError as error:
            await problem_of(error)(scope, receive, send)
            return
        headers = [(b"content-type", request.format.media_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            await _send_body(send, first, chunks)
        except (RequestError, TimeoutError):
            # Too late for a status. A chunked body without its end tells the reader.
            _log.warning("a note was cut short")


async def _send_body(send: Send, first: bytes, rest: AsyncIterator[bytes]) -> None:
    await _send_part(send, first)
    async for data in rest:
        await _send_part(send, data)
    await _send_part(send, b"", more_body=False)


async def _send_part(send: Send, data: bytes, *, more_body: bool = True) -> None:
    with anyio.fail_after(SEND_TIMEOUT_S):
        await send({"type": "http.response.body", "body": data, "more_body": more_body})
