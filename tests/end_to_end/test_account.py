"""What a real server tells of itself, in its metrics and its log, and what it decides by it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadtest.metrics import MetricsReader, Page
from protocol import messages as m
from protocol.codes import ErrorCode
from tests.helpers.serving import Server, ServerProcess, starting
from tests.helpers.talking import Client, opening, talking

pytestmark = pytest.mark.anyio

FAULTY = "tests.helpers.faulty_server"
SAID = "The whale is called swordfish. "
LONG = SAID * 20
CREDIT = 24_000
#: With fewer calls than this the event loop is not asked.
CALLS_UNASKED = 50


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def process(log: Path) -> Iterator[ServerProcess]:
    flags = ("--model", "tone", "--tone-step-ms", "1:5", "--max-calls", "3", "--note-floor", "1")
    with log.open("w") as file, starting("server", "serve", *flags, log=file) as process:
        yield process


def read_lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


async def page(server: Server) -> Page:
    async with MetricsReader(f"{server.http_url}/metrics") as metrics:
        page = await metrics.read()
    assert page is not None
    return page


async def is_taken(client: Client, number: int) -> bool:
    """Open a stream; what refuses it must be that calls could not be kept."""
    await client.send(opening(number))
    while True:
        answer = await client.receive()
        if isinstance(answer, m.Opened):
            return True
        if isinstance(answer, m.Error):
            assert answer.code is ErrorCode.OVERLOADED
            assert answer.message.endswith("could not all be kept in real time")
            assert answer.retry_after_s is not None
            return False


async def test_metrics_and_log_tell_what_goes_on(process: ServerProcess, log: Path) -> None:
    async with talking(process.server) as client:
        await client.send(opening(1, credit=CREDIT), m.Text(1, LONG), m.End(1))
        await client.expect(m.Blocked)
        waiting = await page(process.server)
        assert waiting.value("sequences") == 1
        # A row of four: three calls and the notes' floor.
        assert waiting.value("batch_occupancy_ratio") == 1 / 4
        assert waiting.value("engine_heartbeat_age_seconds") > 0
        assert waiting.value("event_loop_lag_seconds_count") > 0
        assert waiting.value("event_loop_busy_ratio") > 0
        assert waiting.value("credit_stall_seconds_total") == 0
        await client.send(m.Credit(1, 2 * CREDIT))
        await client.expect(m.Blocked)
        assert (await page(process.server)).value("credit_stall_seconds_total") > 0
        await client.send(m.Cancel(1))
        await client.expect(m.Cancelled)
    lines = read_lines(log)
    (told,) = [line for line in lines if line["message"] == "request"]
    assert (told["kind"], told["outcome"], told["chars"]) == ("call", "cancelled", len(LONG))
    assert "swordfish" not in json.dumps(lines)


@pytest.mark.slow
async def test_what_the_warm_up_has_measured_decides_who_is_taken() -> None:
    # A step for one call and the notes' floor takes a millisecond, and one for eight too long.
    flags = ("--tone-step-ms", "2:1,8:80", "--max-calls", "7", "--note-floor", "1")
    with starting("server", "serve", "--model", "tone", *flags) as process:
        async with talking(process.server) as client:
            assert await is_taken(client, 1)
            assert not all([await is_taken(client, number) for number in range(2, 8)])


@pytest.mark.slow
async def test_a_listener_who_runs_dry_is_counted() -> None:
    with starting(FAULTY, "slow", "serve", "--model", "tone") as process:
        async with talking(process.server) as client:
            await client.send(opening(1), m.Text(1, LONG), m.End(1))
            while not (await page(process.server)).value("underruns_total"):
                await client.expect(m.Audio)


async def test_a_loop_without_time_takes_nobody_more() -> None:
    with starting(FAULTY, "busy", "serve", "--model", "tone") as process:
        async with talking(process.server) as first, talking(process.server) as second:
            half = range(1, CALLS_UNASKED // 2 + 1)
            assert all([await is_taken(client, n) for client in (first, second) for n in half])
            assert not await is_taken(first, CALLS_UNASKED)
