"""Fish's live sockets that nobody reads, on real sockets: what they cost, and for how long."""

from statistics import median

import anyio
import pytest

from loadtest.fish import connect_deaf
from loadtest.metrics import MetricsReader, Page
from loadtest.process import ProcessSample
from protocol import messages as m
from server.transport.listener import USER_TIMEOUT_S
from tests.helpers.serving import Server, ServerProcess, starting
from tests.helpers.talking import opening, talking

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

NUM_DEAF = 20
TEXT = "Somebody else speaks meanwhile."
MIB = 1 << 20
#: Four seconds of audio each, what the transport holds, and a connection.
MOST_MIB_EACH = 0.5
#: What an allocator takes at a time.
FLAT_MIB = 2.0
#: The kernel looks less and less often whether somebody reads again.
LEEWAY_S = 10.0


async def read(metrics: MetricsReader) -> Page:
    page = await metrics.read()
    assert page is not None
    return page


def memory_mib(process: ServerProcess) -> float:
    return ProcessSample.take(process.pid).rss_bytes / MIB


async def spoken(server: Server) -> float:
    """Speak a sentence, whole; return how long its first audio took."""
    async with talking(server) as client:
        began_s = anyio.current_time()
        await client.send(opening(1), m.Text(1, TEXT), m.End(1))
        await client.expect(m.Opened)
        await client.expect(m.Audio)
        first_s = anyio.current_time() - began_s
        await client.expect(m.Done)
        return first_s


async def test_whoever_stops_reading_costs_little_disturbs_nobody_and_is_given_up() -> None:
    with starting("server", "serve", "--model", "tone") as process:
        server = process.server
        async with MetricsReader(f"{server.http_url}/metrics") as metrics:
            alone_s = median([await spoken(server) for _ in range(5)])
            at_rest_mib = memory_mib(process)
            deaf = [await connect_deaf(server.ws_url) for _ in range(NUM_DEAF)]
            await anyio.sleep(USER_TIMEOUT_S / 2)
            filled_mib, filled = memory_mib(process), await read(metrics)
            assert filled.value("sequences") == NUM_DEAF
            assert filled_mib - at_rest_mib < MOST_MIB_EACH * NUM_DEAF
            beside_s = median([await spoken(server) for _ in range(5)])
            assert beside_s < alone_s + 0.05
            with anyio.fail_after(USER_TIMEOUT_S / 2 + LEEWAY_S):
                while (page := await read(metrics)).value("sequences"):
                    assert memory_mib(process) - filled_mib < FLAT_MIB
                    await anyio.sleep(0.5)
            assert page.value("unread_connections_total") == NUM_DEAF
            assert page.value("connections") == 0
        for socket in deaf:
            socket.close()
