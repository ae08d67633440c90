"""The way in and the way out, on both event loops and real sockets."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import pytest
from anyio.abc import SocketStream

from protocol import Limits, Open, Ping, Reference
from protocol.client import ClientConnection, ConnectFailed, ConnectionLost, connect
from protocol.client.refusal import retry_after_s
from protocol.client.stream import LEAVE_TIMEOUT_S
from protocol.codec import MAX_MESSAGE_BYTES
from tests.protocol.client.raw_servers import (
    READY,
    Answer,
    answering,
    fragments,
    refusal,
    saying,
    upgrade,
)

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 10, 21, 7, 28, tzinfo=UTC)
PINGS = 100 * b"\x89\x00"
#: A hundred of them are thrice as much as any message.
PIECE = bytes(1 << 15)


@pytest.fixture
def virtual_time() -> bool:
    return False


async def failure(url: str) -> ConnectFailed:
    with pytest.raises(ConnectFailed) as caught:
        async with connect(url):
            pass
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:99999/",
        f"ws://{'a' * 70}.invalid/",
        "ws://a..invalid/",
        "ws://[::zz]/",
        "ws://127.0.0.1:1/\ud800",
        "ws:///ws/tts",
        "ftp://127.0.0.1:1/",
        "",
    ],
    ids=ascii,
)
async def test_a_url_that_leads_nowhere_is_a_failed_connect(url: str) -> None:
    str(await failure(url)).encode()


async def drip(stream: SocketStream) -> None:
    """Begin an answer, and go on with a byte of it now and then."""
    await stream.send(b"HTTP/1.1 101 Switching\r\nX: ")
    while True:
        await stream.send(b"x")
        with anyio.move_on_after(0.02):
            await stream.receive()


@pytest.mark.parametrize("answer", [saying(), drip], ids=["nothing", "drop by drop"])
async def test_an_answer_that_takes_too_long_is_a_failed_connect(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.client.socket.CONNECT_TIMEOUT_S", 0.2)
    async with answering(answer) as url:
        with anyio.fail_after(5):
            assert "no answer within 0.2 s" in str(await failure(url))


async def test_a_connection_outlives_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocol.client.socket.CONNECT_TIMEOUT_S", 0.2)
    async with answering(saying(upgrade() + fragments(READY))) as url, connect(url) as connection:
        with anyio.move_on_after(0.3):
            await anyio.sleep_forever()
        await connection.send(Ping())


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "ws://127.0.0.1:1/"),
        ("ALL_PROXY", "gopher://127.0.0.1:1", "ws://127.0.0.1:1/"),
        ("SSL_CERT_FILE", "/nowhere", "wss://127.0.0.1:1/"),
        ("SSL_CERT_FILE", __file__, "wss://127.0.0.1:1/"),
    ],
)
async def test_an_environment_of_no_use_is_a_failed_connect(
    name: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert "environment" in str(await failure(url))


@pytest.mark.parametrize("subprotocol", [None, "graphql", "voxline.v2"])
async def test_a_server_that_does_not_agree_to_the_protocol_is_refused(
    subprotocol: str | None,
) -> None:
    async with answering(saying(upgrade(subprotocol), fragments(READY))) as url:
        assert "voxline.v1" in str(await failure(url))


async def test_a_refused_upgrade_says_when_to_try_again() -> None:
    async with answering(saying(refusal(503, "Retry-After: 7"))) as url:
        refused = await failure(url)
    assert (refused.status_code, refused.retry_after_s) == (503, 7.0)


async def test_what_cannot_be_read_as_a_time_is_none() -> None:
    async with answering(saying(refusal(503, "Retry-After: \xb2"))) as url:
        refused = await failure(url)
    assert (refused.status_code, refused.retry_after_s) == (503, None)


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW.replace(tzinfo=None) + timedelta(seconds=90)), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u0663", None),
        ("9" * 400, None),
        ("Mon, 99 Foo 2030 99:99:99 GMT", None),
    ],
)
def test_a_time_to_try_again_is_seconds_or_a_date(header: str, expected_s: float | None) -> None:
    assert retry_after_s(header, NOW) == expected_s


#: A frame that announces a terabyte, and what is sent of it.
ONE_FRAME = bytes([0x82, 127]) + (1 << 40).to_bytes(8, "big") + PIECE * 100


@pytest.mark.parametrize(
    "endless",
    [fragments(*[PIECE] * 100, unfinished=True), ONE_FRAME],
    ids=["fragments", "one frame"],
)
async def test_a_message_without_end_is_not_gathered(endless: bytes) -> None:
    answer = saying(upgrade() + fragments(READY), endless)
    async with answering(answer) as url, connect(url) as connection:
        with pytest.raises(ConnectionLost, match=str(MAX_MESSAGE_BYTES)) as caught:
            async with connection.stream() as stream:
                await anext(stream)
    assert caught.value.close_code == 1009


async def test_fragments_of_one_message_are_one_message() -> None:
    answer = saying(upgrade() + fragments(READY[:9], b"", READY[9:]))
    async with answering(answer) as url, connect(url) as connection:
        assert connection.ready.model == "tone"


@pytest.mark.parametrize("mine", [KeyError, SystemExit, KeyboardInterrupt])
async def test_what_the_body_raises_arrives_as_it_was(mine: type[BaseException]) -> None:
    async def fail(url: str) -> None:
        async with connect(url):
            raise mine("mine")

    async with answering(saying(upgrade() + fragments(READY))) as url:
        with pytest.raises(mine, match="mine"):
            await fail(url)


@pytest.mark.slow
async def test_a_server_that_takes_nothing_any_more_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deaf(stream: SocketStream) -> None:
        await stream.send(upgrade() + fragments(READY))
        await anyio.sleep_forever()

    async def flood(connection: ClientConnection) -> None:
        # With more than all the buffers on the way hold.
        for number in range(1, Limits().max_streams):
            await connection.send(Open(number, reference=Reference(bytes(1_000_000), "")))

    monkeypatch.setattr("protocol.client.socket.SEND_TIMEOUT_S", 0.2)
    async with answering(deaf) as url, connect(url) as connection:
        with pytest.raises(ConnectionLost, match="takes nothing any more"):
            await flood(connection)


async def test_a_cancelled_scope_is_left_without_waiting_for_any_stream() -> None:
    async with answering(saying(upgrade() + fragments(READY))) as url:
        began_s = anyio.current_time()
        with anyio.move_on_after(0.05) as scope:
            async with (
                connect(url) as connection,
                connection.stream(),
                connection.stream(),
                connection.stream() as stream,
            ):
                await anext(stream)
        assert scope.cancelled_caught
        assert anyio.current_time() - began_s < LEAVE_TIMEOUT_S


async def test_pings_that_cross_the_goodbye_are_no_failure() -> None:
    async def ping_without_end(stream: SocketStream) -> None:
        await stream.send(upgrade() + fragments(READY))
        while True:
            await stream.send(PINGS)

    async with answering(ping_without_end) as url:
        for _ in range(10):
            async with connect(url):
                pass
