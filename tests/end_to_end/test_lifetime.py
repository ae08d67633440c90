"""How the process ends: by signals, whatever its clients do, and by the death of its engine."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import anyio
import httpx
import pytest
from anyio import to_thread
from websockets.exceptions import ConnectionClosed

from protocol import messages as m
from protocol.codes import ErrorCode
from tests.helpers.serving import ROOT, Server, ServerProcess, starting, voxline
from tests.helpers.talking import Client, opening, talking

pytestmark = pytest.mark.anyio

TONE = ("server", "serve", "--model", "tone")
LONG = "word " * 100
#: More messages than a client's library takes ahead of its reader.
SHORT = "word " * 60
#: Together longer than a server takes to close.
PLAYED_S = 0.02
NUM_CALLS = 50
#: What the server gives a farewell and its closing sockets, and some more on a busy machine.
PATIENCE_S = 8.0


async def ended(process: ServerProcess) -> int:
    return await to_thread.run_sync(process.wait)


async def open_calls(client: Client, numbers: range) -> None:
    for number in numbers:
        await client.send(opening(number, credit=1_000), m.Text(number, LONG), m.End(number))
    for _ in numbers:
        await client.expect(m.Blocked)


@pytest.mark.slow
async def test_sigterm_lets_fifty_calls_finish_and_refuses_new_ones() -> None:
    with starting(*TONE, "--drain-s", "60") as process:
        async with talking(process.server) as first, talking(process.server) as second:
            halves = {first: range(1, 26), second: range(1, 26)}
            for client, numbers in halves.items():
                await open_calls(client, numbers)
            process.signal(signal.SIGTERM)
            for client in halves:
                await client.expect(m.Draining)
            async with httpx.AsyncClient(base_url=process.server.http_url, trust_env=False) as http:
                refused = await http.post("/v1/notes", json={"text": "Too late."})
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
                assert (await http.get("/readyz")).status_code == 503
            await first.send(opening(100))
            assert (await first.expect(m.Error)).code is ErrorCode.DRAINING
            for client, numbers in halves.items():
                for number in numbers:
                    await client.send(m.Credit(number, 10_000_000))
                heard = await client.finish(*numbers)
                assert all(isinstance(one.end, m.Done) for one in heard)
                assert await client.closed() == 1012
        assert await ended(process) == 0


@pytest.mark.slow
async def test_a_listener_who_plays_as_it_reads_hears_all_that_was_made_before_sigterm() -> None:
    with starting(*TONE, "--drain-s", "60") as process:
        async with talking(process.server) as client:
            await client.send(opening(1, credit=10_000_000), m.Text(1, SHORT), m.End(1))
            await client.expect(m.Audio)
            process.signal(signal.SIGTERM)
            while isinstance(message := await client.receive(), m.Audio | m.Mark | m.Draining):
                await anyio.sleep(PLAYED_S)
                # The library has read the server's close already where little is left.
                with suppress(ConnectionClosed):
                    await client.send(m.Credit(1, 10_000_000))
            assert isinstance(message, m.Done)
            assert await client.closed() == 1012
        assert await ended(process) == 0


@pytest.mark.slow
async def test_at_the_deadline_calls_are_told_and_a_stalled_reader_is_cut_off() -> None:
    with starting(*TONE, "--drain-s", "1") as process:
        stalled = await anyio.connect_tcp(process.server.host, process.server.port)
        async with stalled, talking(process.server) as client:
            # A note of minutes that nobody reads: more than the kernel's buffers take.
            body = b'{"text": "%s", "sample_rate": 48000}' % (LONG * 30).encode()
            await stalled.send(
                b"POST /v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                % (len(body), body)
            )
            await open_calls(client, range(1, 3))
            began_s = time.monotonic()
            process.signal(signal.SIGTERM)
            for heard in await client.finish(1, 2):
                assert isinstance(heard.end, m.Error)
                assert heard.end.code is ErrorCode.DRAINING
            assert await ended(process) == 0
            assert 1.0 <= time.monotonic() - began_s <= 1.0 + PATIENCE_S


@pytest.mark.slow
async def test_a_second_sigterm_ends_at_once() -> None:
    with starting(*TONE, "--drain-s", "60") as process:
        async with talking(process.server) as client:
            await open_calls(client, range(1, 2))
            process.signal(signal.SIGTERM)
            await client.expect(m.Draining)
            began_s = time.monotonic()
            process.signal(signal.SIGTERM)
            assert await ended(process) == 128 + signal.SIGTERM
            assert time.monotonic() - began_s <= PATIENCE_S


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["raise", "hang"])
async def test_an_engine_that_is_gone_is_said_to_all_and_ends_the_process(fault: str) -> None:
    faulty = ("tests.helpers.faulty_server", fault, "serve", "--model", "tone")
    with starting(*faulty, "--watchdog-s", "1") as process:
        async with talking(process.server) as first, talking(process.server) as second:
            for client in (first, second):
                await client.send(opening(1), opening(2))
                await client.expect(m.Opened)
                await client.expect(m.Opened)
            for client in (first, second):
                await client.send(m.Text(1, LONG), m.Text(2, LONG))
            for client in (first, second):
                for heard in await client.finish(1, 2):
                    assert isinstance(heard.end, m.Error)
                    assert heard.end.code is ErrorCode.ENGINE_FAILED
        assert await ended(process) == 1


@pytest.mark.slow
def test_a_model_that_cannot_speak_is_told_in_one_line_before_anything_is_served() -> None:
    mute = ("tests.helpers.faulty_server", "mute", "serve", "--model", "tone", "--port", "0")
    done = subprocess.run([sys.executable, "-m", *mute], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    (told,) = map(json.loads, done.stderr.splitlines())
    assert told["message"] == "the engine has failed: the model cannot speak: nothing comes out"
    assert "exception" not in told


@pytest.mark.slow
async def test_a_hung_engine_is_seen_at_livez_and_a_stalled_peer_does_not_hold_the_exit() -> None:
    faulty = ("tests.helpers.faulty_server", "hang", "serve", "--model", "tone")
    with starting(*faulty, "--watchdog-s", "1") as process:
        server = process.server
        with socket.socket() as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            stalled.connect((server.host, server.port))
            # More answers than such buffers take, and nobody reads them.
            stalled.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)
            assert is_alive(server)
            async with talking(server) as client:
                await client.send(opening(1), m.Text(1, LONG))
                began_s = time.monotonic()
                while is_alive(server):
                    await anyio.lowlevel.checkpoint()
                assert time.monotonic() - began_s <= 1.0 + PATIENCE_S
                assert await ended(process) == 1
                assert time.monotonic() - began_s <= 1.0 + PATIENCE_S


def is_alive(server: Server) -> bool:
    try:
        return httpx.get(f"{server.http_url}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
def test_a_signal_ends_a_server_that_is_not_ready_yet() -> None:
    # Its warm-up takes a minute.
    slow = voxline("serve", "--model", "tone", "--tone-step-ms", "1:60000", "--port", "0")
    with subprocess.Popen(slow, cwd=ROOT) as process:
        try:
            while not catches_sigterm(process.pid):
                assert process.poll() is None
            process.terminate()
            assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
        finally:
            process.kill()


def catches_sigterm(pid: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    assert caught is not None
    return bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)
