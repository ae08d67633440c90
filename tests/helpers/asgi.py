"""The application without a server below it: requests and WebSockets as ASGI messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Scope

from server.service import Service
from tests.helpers.talking import PeerClosed

#: Messages that may wait either way; more than any test leaves unread.
BUFFER = 10_000


class AsgiCall:
    """One request or WebSocket: what the application receives, and what it has sent."""

    def __init__(self, app: ASGIApp, scope: Scope, *, buffer: int = BUFFER) -> None:
        """Let the application send `buffer` messages ahead of the reader."""
        self._app = app
        self._scope = scope
        self._in, self._receive = anyio.create_memory_object_stream[Message](BUFFER)
        self._send, self._out = anyio.create_memory_object_stream[Message](buffer)
        self.returned = anyio.Event()

    async def run(self) -> None:
        """Run the application on it to its end."""
        with self._in, self._receive, self._send:
            try:
                await self._app(self._scope, self._receive.receive, self._send.send)
            finally:
                self.returned.set()

    def put(self, **message: object) -> None:
        """Let the application receive a message, if it has not returned yet."""
        if not self.returned.is_set():
            self._in.send_nowait(message)

    async def get(self) -> Message:
        """Take the next message that the application sent."""
        return await self._out.receive()

    def rest(self) -> list[Message]:
        """Take all that the application has sent already."""
        return [
            self._out.receive_nowait() for _ in range(self._out.statistics().current_buffer_used)
        ]

    def close(self) -> None:
        """Forget what was not taken; the application can send no more."""
        self._out.close()


@asynccontextmanager
async def calling(app: ASGIApp, scope: Scope, *, buffer: int = BUFFER) -> AsyncIterator[AsgiCall]:
    """Run the application on a call; leaving the block waits for it to return."""
    call = AsgiCall(app, scope, buffer=buffer)
    with closing(call):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call.run)
            yield call


@asynccontextmanager
async def keeping_time(service: Service) -> AsyncIterator[None]:
    """Keep the limits in time, as the server does beside its application."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(service.timekeeper.run)
        yield
        tasks.cancel_scope.cancel()


def http_scope(method: str, path: str, headers: dict[str, str] | None = None) -> Scope:
    return {**_scope("http", path, headers or {}), "method": method, "scheme": "http"}


def websocket_scope(
    *subprotocols: str, path: str = "/ws/tts", headers: dict[str, str] | None = None
) -> Scope:
    scope = _scope("websocket", path, headers or {})
    return {**scope, "scheme": "ws", "subprotocols": list(subprotocols)}


def _scope(kind: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    named = {"host": "127.0.0.1:8080"} | headers
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }


class AsgiSocket:
    """A WebSocket as its client sees it."""

    def __init__(self, call: AsgiCall) -> None:
        self._call = call

    async def handshake(self) -> None:
        self._call.put(type="websocket.connect")
        accepted = await self._call.get()
        assert accepted["type"] == "websocket.accept", accepted

    async def send(self, frame: bytes | str) -> None:
        kind = "bytes" if isinstance(frame, bytes) else "text"
        self._call.put(type="websocket.receive", **{kind: frame})

    async def receive(self) -> bytes:
        message = await self._call.get()
        if message["type"] == "websocket.close":
            raise PeerClosed(message["code"])
        data: bytes = message["bytes"]
        return data

    def vanish(self) -> None:
        self._call.put(type="websocket.disconnect", code=1006)
