"""The socket below the application: what hypercorn alone would let through."""

import socket

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from protocol import messages as m
from protocol.codes import ErrorCode
from server.transport.listener import KEEPALIVE_S, NOTSENT_LOWAT_BYTES, USER_TIMEOUT_S, listen
from tests.helpers.dialling import dial, rest
from tests.helpers.serving import Server
from tests.helpers.talking import opening, talking

pytestmark = pytest.mark.anyio

#: The time for a whole header that the server gives, 5 s, and some more on a busy machine.
HEADER_TIME_S = 10.0


async def test_compression_is_declined(tone: Server) -> None:
    async with connect(
        tone.ws_url, subprotocols=[Subprotocol(m.SUBPROTOCOL)], compression="deflate", proxy=None
    ) as client:
        assert client.response is not None
        assert "sec-websocket-extensions" not in client.response.headers
        await client.recv()


async def test_http2_by_prior_knowledge_is_refused(tone: Server) -> None:
    async with await dial(tone.host, tone.port) as stream:
        await stream.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        assert (await rest(stream)).startswith(b"HTTP/1.1 505 ")


async def test_an_upgrade_to_http2_is_not_taken(tone: Server) -> None:
    async with await dial(tone.host, tone.port) as stream:
        await stream.send(
            b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
        )
        assert (await rest(stream)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("subprotocol", [m.SUBPROTOCOL, "another"])
async def test_a_frame_behind_the_handshake_is_refused_and_the_connection_closed(
    tone: Server, subprotocol: str
) -> None:
    async with await dial(tone.host, tone.port) as stream:
        await stream.send(
            b"GET /ws/tts HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: " + subprotocol.encode() + b"\r\n\r\n"
            b"\x82\x81\0\0\0\0x"
        )
        with anyio.fail_after(HEADER_TIME_S):
            assert (await rest(stream)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("sent", "is_last"), [(b"", True), (b"12", True), (b"12345", False)])
async def test_an_answer_before_the_request_is_whole_says_that_it_is_the_last(
    tone: Server, sent: bytes, is_last: bool
) -> None:
    request = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
    async with await dial(tone.host, tone.port, request + sent) as stream:
        with anyio.fail_after(HEADER_TIME_S):
            answer = await stream.receive()
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert (b"connection: close" in answer.lower()) == is_last


@pytest.mark.slow
async def test_a_header_that_never_ends_is_given_up(tone: Server) -> None:
    async def send_and_wait(sent: bytes) -> None:
        async with await dial(tone.host, tone.port) as stream:
            await stream.send(sent)
            with anyio.fail_after(HEADER_TIME_S):
                await rest(stream)

    async with anyio.create_task_group() as tasks:
        for sent in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"):
            tasks.start_soon(send_and_wait, sent)


async def test_a_message_beyond_all_limits_is_refused_as_too_large(
    tone: Server,
) -> None:
    async with talking(tone) as client:
        error = await client.answer(bytes(3 << 20))
        assert (error.stream, error.code) == (None, ErrorCode.BAD_MESSAGE)
        assert await client.closed() == 1009
    async with talking(tone) as client:
        await client.speak(opening(1), "Still here.")


def test_every_connection_has_its_limits_from_the_listener() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        tcp = socket.IPPROTO_TCP
        assert accepted.getsockopt(tcp, socket.TCP_NOTSENT_LOWAT) == NOTSENT_LOWAT_BYTES
        assert accepted.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_S * 1_000
        assert accepted.getsockopt(tcp, socket.TCP_KEEPIDLE) == KEEPALIVE_S
        assert accepted.getsockopt(tcp, socket.TCP_KEEPINTVL) == KEEPALIVE_S
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert accepted.getsockopt(tcp, socket.TCP_NODELAY) == 1
