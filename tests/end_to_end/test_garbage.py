"""What ends leaves nothing behind that only the collector of cycles would find."""

import signal

import anyio
import httpx
import pytest

from protocol import messages as m
from tests.helpers.serving import Server, ServerProcess, starting
from tests.helpers.talking import opening, talking

pytestmark = pytest.mark.anyio

NUM_ROUNDS = 10
TEXT = "Nothing is left of what was said."


@pytest.fixture
def virtual_time() -> bool:
    return False


async def speak(server: Server) -> None:
    async with talking(server) as client:
        await client.speak(opening(1), TEXT)


async def interrupt(server: Server) -> None:
    async with talking(server) as client:
        await client.send(opening(1), m.Text(1, 20 * TEXT))
        await client.expect(m.Audio)
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
        await client.send(m.Bye())
        assert await client.closed() == 1000


async def err(server: Server) -> None:
    async with talking(server) as client:
        await client.answer(b"\xc1")


async def hang_up(server: Server) -> None:
    async with talking(server) as client:
        await client.send(opening(1, credit=4_800), m.Text(1, 20 * TEXT))
        await client.expect(m.Audio)


async def break_off(server: Server) -> None:
    async with talking(server) as client:
        await client.send(opening(1), m.Text(1, 20 * TEXT))
        await client.expect(m.Audio)
        client.socket.vanish()


async def make_note(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.http_url, trust_env=False) as http:
        assert (await http.post("/v1/notes", json={"text": TEXT})).is_success
        assert (await http.post("/v1/notes", json={"text": 1})).is_client_error
        assert (await http.get("/nowhere")).status_code == 404


async def garbage(process: ServerProcess) -> int:
    await anyio.sleep(0.2)  # the server learns of an end a moment after its client
    process.signal(signal.SIGUSR1)
    return int(await anyio.to_thread.run_sync(process.line))


@pytest.mark.slow
async def test_what_ends_leaves_no_cycle_behind() -> None:
    left = {}
    with starting("tests.helpers.garbage_server", "serve", "--model", "tone") as process:
        for visit in (speak, interrupt, err, hang_up, break_off, make_note):
            await visit(process.server)  # the first of all makes what is kept
            await garbage(process)
            for _ in range(NUM_ROUNDS):
                await visit(process.server)
            left[visit.__name__] = await garbage(process)
    assert {name: number for name, number in left.items() if number >= NUM_ROUNDS} == {}
