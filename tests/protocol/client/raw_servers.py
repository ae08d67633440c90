"""Servers that answer with bytes of their own: no library would send what these do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from protocol import SUBPROTOCOL, Limits, Ready, encode

READY = encode(Ready("session", "tone", 8000, Limits()))
Answer: TypeAlias = Callable[[SocketStream], Awaitable[None]]


def refusal(status: int, *headers: str) -> bytes:
    """Return an HTTP answer that is no upgrade."""
    lines = [f"HTTP/1.1 {status} No", "Content-Length: 0", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def upgrade(subprotocol: str | None = SUBPROTOCOL) -> bytes:
    """Return an answer that upgrades; the client's library asks for no proof of the key."""
    agreed = [] if subprotocol is None else [f"Sec-WebSocket-Protocol: {subprotocol}"]
    lines = ["HTTP/1.1 101 Switching", "Upgrade: websocket", "Connection: upgrade", *agreed]
    return "\r\n".join([*lines, "", ""]).encode()


def fragments(*payloads: bytes, unfinished: bool = False) -> bytes:
    """Return the frames of one message."""
    socket = Connection(ConnectionType.SERVER)
    last = None if unfinished else len(payloads) - 1
    return b"".join(
        socket.send(BytesMessage(data, message_finished=index == last))
        for index, data in enumerate(payloads)
    )


def saying(*parts: bytes) -> Answer:
    """Return an answer that says `parts` and then waits until the client leaves."""

    async def answer(stream: SocketStream) -> None:
        for part in parts:
            await stream.send(part)
        async for _ in stream:
            pass

    return answer


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """Listen, take every request for one to upgrade, and yield the URL."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            try:
                await answer(stream)
            except (anyio.BrokenResourceError, anyio.EndOfStream):
                return

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, handle)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610, no database here
        yield f"ws://127.0.0.1:{port}/ws/tts"
        tasks.cancel_scope.cancel()
