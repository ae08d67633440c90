"""Peers that leave, or never do: what they sent too much holds nothing, and nobody is to blame."""

import socket
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from protocol import messages as m
from protocol.codec import encode
from server.transport.http11 import MAX_AHEAD_BYTES
from server.transport.listener import listen
from tests.helpers.dialling import TIMEOUT_S, dial, rest
from tests.helpers.in_process import web_server
from tests.helpers.serving import Server
from tests.helpers.talking import opening

pytestmark = pytest.mark.anyio

#: More than an application's inbox, the reader and the parser take together.
TOO_MANY = 100
#: Soon enough for a test.
GIVEN_UP_MS = 200
REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
WHOLE_REQUEST = REQUEST + b"\r\n"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """What `voxline serve` runs on: the loops differ in what they make of a dead peer."""
    return "asyncio", {"use_uvloop": True}


def upgrade() -> bytes:
    return (
        "GET /ws/tts HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {m.SUBPROTOCOL}\r\n\r\n"
    ).encode()


def frame(message: m.ClientMessage) -> bytes:
    """Frame a short message, with a mask that changes nothing."""
    data = encode(message)
    return bytes([0x82, 0x80 | len(data), 0, 0, 0, 0]) + data


class Listener:
    """An application that listens until it is alone, and meanwhile sends what it is let."""

    def __init__(self, body: bytes = b"") -> None:
        self._body = body
        self.is_asked = anyio.Event()
        self.is_alone = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        async with anyio.create_task_group() as tasks:
            if self._body:
                tasks.start_soon(self._answer, send)
            while (await receive())["type"] != "http.disconnect":
                self.is_asked.set()
            tasks.cancel_scope.cancel()
        self.is_alone.set()

    async def left(self) -> None:
        """Wait until the peer is known to be gone."""
        with anyio.fail_after(TIMEOUT_S):
            await self.is_alone.wait()

    async def _answer(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": self._body, "more_body": True})
            await checkpoint()


@pytest.mark.parametrize(
    ("path", "status"), [("/livez", 200), ("/v1/voices", 200), ("/absent", 404), ("/metrics", 200)]
)
async def test_a_body_that_nobody_reads_does_not_hold_its_connection(
    tone: Server, path: str, status: int
) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    async with await dial(tone.host, tone.port, head + b"1\r\nx\r\n" * TOO_MANY) as stream:
        assert (await rest(stream)).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("last", [frame(m.Bye()), frame(opening(1)) * 2], ids=["bye", "fault"])
async def test_messages_after_the_last_one_do_not_hold_their_connection(
    tone: Server, last: bytes
) -> None:
    async with await dial(tone.host, tone.port, upgrade()) as stream:
        await stream.receive()
        await stream.send(last + frame(m.Text(1, "too late ")) * TOO_MANY)
        await rest(stream)


@pytest.mark.parametrize(
    "sent",
    [
        WHOLE_REQUEST,
        WHOLE_REQUEST + b"G",
        WHOLE_REQUEST + WHOLE_REQUEST,
        REQUEST + b"Upgrade: other\r\n\r\n",
    ],
    ids=["one", "one and a byte", "two", "one that would upgrade"],
)
async def test_a_peer_that_has_asked_for_more_is_seen_to_leave(sent: bytes) -> None:
    app = Listener()
    async with web_server(app) as address:
        async with await dial(*address, sent):
            await app.is_asked.wait()
        await app.left()


async def test_a_peer_that_sends_ahead_without_end_is_cut_off() -> None:
    app = Listener()
    async with (
        web_server(app) as address,
        await dial(*address, WHOLE_REQUEST + bytes(MAX_AHEAD_BYTES + 1)) as stream,
    ):
        assert await rest(stream) == b""
        await app.left()


async def test_requests_sent_ahead_are_answered_in_their_order(tone: Server) -> None:
    asked = [b"GET %s HTTP/1.1\r\nHost: localhost\r\n" % path for path in (b"/livez", b"/absent")]
    sent = b"\r\n".join([*asked, *asked]) + b"Connection: close\r\n\r\n"
    async with await dial(tone.host, tone.port, sent) as stream:
        answers = (await rest(stream)).split(b"HTTP/1.1 ")
        assert [answer[:3] for answer in answers] == [b"", b"200", b"404", b"200", b"404"]


async def test_a_peer_that_is_given_up_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVEN_UP_MS)
    app = Listener(bytes(1 << 16))
    async with web_server(app, listener=listener) as address, await dial(*address, WHOLE_REQUEST):
        await app.left()
    assert caplog.records == []


async def test_connections_beyond_the_most_are_dropped_until_others_leave() -> None:
    async def is_served(address: tuple[str, int]) -> bool:
        with suppress(anyio.BrokenResourceError):
            async with await dial(*address, REQUEST + b"Connection: close\r\n\r\n") as stream:
                return (await rest(stream)).startswith(b"HTTP/1.1 204 ")
        return False

    async with web_server(Response(status_code=204), most_connections=2) as address:
        async with (
            await dial(*address, WHOLE_REQUEST) as first,
            await dial(*address, WHOLE_REQUEST) as second,
        ):
            await first.receive()
            await second.receive()
            assert not await is_served(address)
        with anyio.fail_after(TIMEOUT_S):
            while not await is_served(address):
                pass
