"""Every refusal of the wire: its code, its close code, and whether the connection lives on."""

from collections.abc import Iterator

import httpx
import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from protocol import messages as m
from protocol.codes import ErrorCode
from tests.helpers.serving import Server, serving
from tests.helpers.talking import Client, opening, talking

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    with serving("tone", "--max-calls", "1", "--max-connections", "2") as server:
        yield server


def packed(**fields: object) -> bytes:
    data: bytes = msgpack.packb(fields)
    return data


@pytest.mark.parametrize(
    ("frame", "close_code"),
    [
        (b"\xc1", 1007),
        (b"\x81\xa4type", 1007),
        (packed(type="ping") + b"\x00", 1007),
        ("text", 1003),
        (packed(type="sing"), 1002),
        (packed(stream=1), 1002),
        (packed(type=5), 1002),
        (packed(type="open"), 1002),
        (packed(type="open", stream="1"), 1002),
        (packed(type="open", stream=0), 1002),
        (b"\xc0", 1002),
        (packed(type="text", stream=1, text="x" * 1_100_000), 1009),
    ],
)
async def test_what_is_no_message_closes_the_connection(
    tone: Server, frame: bytes | str, close_code: int
) -> None:
    async with talking(tone) as client:
        error = await client.answer(frame)
        assert (error.stream, error.code, error.retryable) == (None, "bad_message", False)
        assert await client.closed() == close_code


@pytest.mark.parametrize("second", [1, 2, 3])
async def test_an_open_out_of_order_closes_the_connection(tone: Server, second: int) -> None:
    async with talking(tone) as client:
        await client.send(opening(3), m.Cancel(3))
        await client.expect(m.Cancelled)
        error = await client.answer(packed(type="open", stream=second))
        assert (error.stream, error.code) == (None, ErrorCode.BAD_STATE)
        assert await client.closed() == 1002


@pytest.mark.parametrize(
    "fields", [{"type": "text", "text": "x"}, {"type": "flush"}, {"type": "end"}]
)
async def test_text_for_a_stream_never_opened_is_unknown(
    tone: Server, fields: dict[str, object]
) -> None:
    async with talking(tone) as client:
        error = await client.answer(packed(**fields, stream=5))
        assert (error.stream, error.code) == (5, ErrorCode.UNKNOWN_STREAM)
        await _lives(client, 6)


async def test_credit_and_cancel_for_no_stream_are_ignored(tone: Server) -> None:
    async with talking(tone) as client:
        await client.socket.send(packed(type="credit", stream=5, upto=10))
        await client.socket.send(packed(type="cancel", stream=5))
        await client.settle()
        assert not client.heard
        await _lives(client, 6)


async def test_messages_for_an_ended_stream_are_ignored(tone: Server) -> None:
    async with talking(tone) as client:
        await client.speak(opening(1), "x")
        count = len(client.heard[1].messages)
        for name in ("flush", "end", "cancel"):
            await client.socket.send(packed(type=name, stream=1))
        await client.socket.send(packed(type="text", stream=1, text="x"))
        await client.socket.send(packed(type="credit", stream=1, upto=10))
        await client.settle()
        assert len(client.heard[1].messages) == count


@pytest.mark.parametrize("fields", [{"type": "text", "text": "x"}, {"type": "flush"}])
async def test_text_after_the_end_is_a_bad_state(tone: Server, fields: dict[str, object]) -> None:
    async with talking(tone) as client:
        await client.send(opening(1, credit=0), m.Text(1, "x"), m.End(1), m.End(1))
        await client.settle()
        error = await client.answer(packed(**fields, stream=1))
        assert (error.stream, error.code) == (1, ErrorCode.BAD_STATE)
        await _lives(client, 2)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"sample_rate": 7_999}, ErrorCode.BAD_VALUE),
        ({"sample_rate": 48_001}, ErrorCode.BAD_VALUE),
        ({"sample_rate": "fast"}, ErrorCode.BAD_VALUE),
        ({"speed": 0.1}, ErrorCode.BAD_VALUE),
        ({"speed": float("nan")}, ErrorCode.BAD_VALUE),
        ({"pitch": 13.0}, ErrorCode.BAD_VALUE),
        ({"volume_db": 21.0}, ErrorCode.BAD_VALUE),
        ({"credit": -1}, ErrorCode.BAD_VALUE),
        ({"class": "letter"}, ErrorCode.BAD_VALUE),
        ({"voice": "nobody"}, ErrorCode.UNKNOWN_VOICE),
        ({"language": "tlh-Latn"}, ErrorCode.UNKNOWN_VOICE),
        ({"temperature": 0.7}, ErrorCode.UNSUPPORTED),
        ({"lexicon": {"": "x"}}, ErrorCode.BAD_VALUE),
        ({"reference": {"audio": b"x", "text": "x"}}, ErrorCode.UNSUPPORTED),
    ],
)
async def test_a_stream_that_cannot_be_is_refused_alone(
    espeak: Server, fields: dict[str, object], code: ErrorCode
) -> None:
    async with talking(espeak) as client:
        error = await client.answer(packed(type="open", stream=1, **fields))
        assert (error.stream, error.code) == (1, code)
        await _lives(client, 2)


async def test_too_much_text_ends_its_stream(tone: Server) -> None:
    async with talking(tone) as client:
        await client.send(opening(1, credit=0), m.Text(1, "x" * 20_000))
        await client.settle()
        error = await client.answer(packed(type="text", stream=1, text="x"))
        assert (error.stream, error.code) == (1, ErrorCode.TEXT_TOO_LONG)
        await _lives(client, 2)


async def test_the_limits_that_are_set_are_told_and_hold() -> None:
    flags = ("--max-streams", "1", "--max-text-chars", "5", "--max-message-bytes", "4096")
    with serving("tone", *flags, "--ping-interval-s", "1") as server:
        async with talking(server) as client:
            assert client.connection.limits == m.Limits(
                max_streams=1, max_text_chars=5, max_message_bytes=4_096, ping_interval_s=1.0
            )
            await client.send(opening(1, credit=0))
            error = await client.answer(packed(type="open", stream=2))
            assert error.code is ErrorCode.TOO_MANY_STREAMS
            error = await client.answer(packed(type="text", stream=1, text="sixth."))
            assert error.code is ErrorCode.TEXT_TOO_LONG
            await client.answer(bytes(4_097))
            assert await client.closed() == 1009


async def test_the_thirty_third_stream_is_refused(tone: Server) -> None:
    async with talking(tone) as client:
        await client.send(*(opening(number) for number in range(1, 33)))
        await client.settle()
        error = await client.answer(packed(type="open", stream=33))
        assert (error.stream, error.code) == (33, ErrorCode.TOO_MANY_STREAMS)
        assert error.retryable
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
        await _lives(client, 34)


async def test_overload_says_when_to_retry_and_keeps_the_socket(small: Server) -> None:
    async with talking(small) as client:
        await client.send(opening(1), opening(2))
        error = await client.expect(m.Error)
        assert (error.stream, error.code, error.retryable) == (2, ErrorCode.OVERLOADED, True)
        assert error.retry_after_s is not None
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
        await _lives(client, 3)


async def test_the_connection_limit_refuses_the_upgrade(small: Server) -> None:
    async with talking(small), talking(small):
        assert await _status(small) == 503


async def test_no_subprotocol_is_refused(tone: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(tone.ws_url, proxy=None)
    assert refused.value.response.status_code == 400


async def test_a_path_that_is_none_is_said_as_a_problem(tone: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(tone.ws_url + "/none", subprotocols=[Subprotocol(m.SUBPROTOCOL)], proxy=None)
    assert refused.value.response.status_code == 404
    assert refused.value.response.headers["content-type"] == "application/problem+json"
    assert refused.value.response.headers["x-request-id"]


async def test_a_page_of_another_origin_is_refused(tone: Server) -> None:
    assert await _status(tone, origin="https://attacker.example") == 403
    assert await _status(tone, origin=f"http://attacker.example:{tone.port}") == 403


@pytest.mark.parametrize("path", ["/v1/voices", "/metrics", "/livez"])
async def test_a_name_that_was_made_to_resolve_here_is_refused(tone: Server, path: str) -> None:
    async with httpx.AsyncClient(base_url=tone.http_url, trust_env=False) as client:
        assert (await client.get(path, headers={"Host": "attacker.example"})).status_code == 403


async def test_a_server_for_a_network_answers_to_any_name() -> None:
    with serving("tone", "--host", "0.0.0.0") as server:
        async with httpx.AsyncClient(base_url=server.http_url, trust_env=False) as client:
            assert (await client.get("/livez", headers={"Host": "voxline.svc"})).status_code == 200


async def test_a_page_of_this_server_may_connect(tone: Server) -> None:
    assert await _status(tone, origin=tone.http_url) == 101


async def _status(server: Server, origin: str | None = None) -> int:
    try:
        async with connect(
            server.ws_url,
            subprotocols=[Subprotocol(m.SUBPROTOCOL)],
            origin=None if origin is None else Origin(origin),
            proxy=None,
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def _lives(client: Client, stream: int) -> None:
    assert (await client.speak(opening(stream), "still here")).samples > 0
