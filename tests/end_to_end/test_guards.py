"""What is closed around a connection, and around the process: each guard by what it prevents."""

import json
import signal
import socket
import ssl
import struct
from contextlib import ExitStack
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import to_thread

from loadtest.metrics import MetricsReader
from protocol import messages as m
from protocol.codes import ErrorCode
from server.commands.lifetime import CLOSING_S, FAREWELL_S
from server.commands.serve import GRACEFUL_TIMEOUT_S, SWITCH_INTERVAL_S
from server.garbage import THRESHOLDS
from server.transport.listener import listen
from tests.helpers.serving import Server, ServerProcess, starting
from tests.helpers.talking import ANSWER_TIMEOUT_S, Client, opening, talking
from tests.server.certificates import CERTIFICATE, KEY

pytestmark = pytest.mark.anyio

TONE = ("server", "serve", "--model", "tone")
#: Twice hypercorn's own backlog, and below what any system allows.
NUM_AT_ONCE = 200
#: A connect to this machine takes microseconds; to a full queue it takes a second at least.
CONNECT_TIMEOUT_S = 0.9
#: More than the process ends with, on a busy machine; a stalled peer would hold it three times so
#: long.
LEEWAY_S = 4.0
#: Before hypercorn would give up by itself.
AT_ONCE_S = 0.75 * GRACEFUL_TIMEOUT_S
MIB = 1 << 20
PING_OPCODE = 0x89
#: More than any buffer on the way holds.
LONG = "word " * 1_000


def connect_all(address: tuple[str, int], stack: ExitStack) -> None:
    for _ in range(NUM_AT_ONCE):
        stack.enter_context(socket.create_connection(address, CONNECT_TIMEOUT_S))


def reset_peak_memory(process: ServerProcess) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="utf-8")


def peak_memory(process: ServerProcess) -> int:
    """Return the most resident memory since the last reset, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1_024


async def stop_reading(client: Client, server: Server) -> None:
    """Have more spoken than fits on the way, and wait until nothing leaves the server any more."""
    await client.send(opening(1), m.Text(1, LONG), m.End(1))
    async with MetricsReader(f"{server.http_url}/metrics") as metrics:
        sent, before = 0.0, -1.0
        with anyio.fail_after(ANSWER_TIMEOUT_S):
            while not 0 < sent == before:
                page = await metrics.read()
                assert page is not None
                sent, before = page.value("samples_sent_total"), sent


async def ends_within(process: ServerProcess, seconds: float) -> int:
    with anyio.fail_after(seconds):
        return await to_thread.run_sync(process.wait, abandon_on_cancel=True)


def test_http2_is_not_offered_over_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE, encoding="utf-8")
    key.write_text(KEY, encoding="utf-8")
    context = ssl.create_default_context(cadata=CERTIFICATE)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        starting(*TONE, "--tls-cert", str(certificate), "--tls-key", str(key)) as process,
        socket.create_connection((process.server.host, process.server.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "http/1.1"


def test_a_crowd_that_connects_at_once_finds_room_before_anything_is_accepted() -> None:
    with listen("127.0.0.1", 0) as listener, ExitStack() as stack:
        connect_all(listener.getsockname(), stack)


def test_a_crowd_that_connects_at_once_finds_room_while_the_server_is_busy() -> None:
    with starting(*TONE) as process, ExitStack() as stack:
        # It listens before it serves, and once more when it does.
        httpx.get(f"{process.server.http_url}/livez", trust_env=False)
        process.signal(signal.SIGSTOP)
        connect_all((process.server.host, process.server.port), stack)


async def test_a_message_beyond_all_limits_takes_no_memory() -> None:
    with starting(*TONE) as process:
        async with talking(process.server) as client:
            reset_peak_memory(process)
            before = peak_memory(process)
            assert (await client.answer(bytes(15 * MIB))).code is ErrorCode.BAD_MESSAGE
            assert peak_memory(process) - before < 8 * MIB


async def test_a_new_connection_is_pinged(tone: Server) -> None:
    request = (
        "GET /ws/tts HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {m.SUBPROTOCOL}\r\n\r\n"
    )
    async with await anyio.connect_tcp(tone.host, tone.port) as stream:
        await stream.send(request.encode())
        data = b""
        with anyio.fail_after(ANSWER_TIMEOUT_S):
            while struct.pack("BB", PING_OPCODE, 0) not in data:
                data += await stream.receive()
    assert data.startswith(b"HTTP/1.1 101 ")


@pytest.mark.slow
async def test_a_peer_that_does_not_read_cannot_hold_the_end() -> None:
    with starting(*TONE, "--drain-s", "0") as process:
        async with talking(process.server) as client:
            await stop_reading(client, process.server)
            process.signal(signal.SIGTERM)
            assert await ends_within(process, FAREWELL_S + CLOSING_S + LEEWAY_S) == 0
            client.socket.vanish()


async def test_a_peer_that_does_not_read_cannot_hold_an_end_at_once() -> None:
    with starting(*TONE, "--drain-s", "60") as process:
        async with talking(process.server) as client:
            await stop_reading(client, process.server)
            process.signal(signal.SIGTERM)
            async with httpx.AsyncClient(base_url=process.server.http_url, trust_env=False) as http:
                with anyio.fail_after(ANSWER_TIMEOUT_S):
                    while (await http.get("/readyz")).status_code != 503:
                        pass
            process.signal(signal.SIGTERM)
            assert await ends_within(process, AT_ONCE_S) == 128 + signal.SIGTERM
            client.socket.vanish()


def test_engine_and_loop_share_the_process_fairly_and_garbage_is_looked_for_seldom() -> None:
    with starting("tests.helpers.inspected_server", "serve", "--model", "tone") as process:
        told = json.loads(process.line())
    assert told["loop"].startswith("uvloop")
    assert told["switch_interval_s"] == pytest.approx(SWITCH_INTERVAL_S)
    assert told["gc_frozen"] > 0
    assert tuple(told["gc_thresholds"]) == THRESHOLDS
