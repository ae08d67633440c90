"""Interrupted again and again: silence at once, the next sentence whole, the server free."""

import asyncio
import random

import httpx
import pytest

from protocol.integrations.pipecat import VoxlineTTSService
from tests.helpers.serving import Server, serving
from tests.integrations.pipecat.agent import (
    TIMEOUT_S,
    assert_nothing_stale,
    conversing,
    samples,
)

pytestmark = pytest.mark.anyio

LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
SHORT = "Of course."
#: Of `tone`, at 24 kHz.
SAMPLES_PER_CHAR = 1_600
NUM_INTERRUPTIONS = 200


async def engine(http: httpx.AsyncClient) -> tuple[int, int]:
    """Return how many sequences the engine knows of, and how many steps it has made."""
    page = (await http.get("/metrics")).text
    values = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    return int(float(values["voxline_sequences"])), int(float(values["voxline_step_seconds_count"]))


async def num_steps_until_free(http: httpx.AsyncClient) -> int:
    """Wait until the engine knows of no sequence; return how many steps it has made meanwhile."""
    sequences, before = await engine(http)
    after = before
    async with asyncio.timeout(TIMEOUT_S):
        while sequences:
            sequences, after = await engine(http)
    return after - before


async def test_after_each_of_200_interruptions_the_next_sentence_is_whole_and_nothing_is_stale(
    tone: Server,
) -> None:
    moments = random.Random(7)
    service = VoxlineTTSService(url=tone.ws_url)
    async with conversing(service) as agent, httpx.AsyncClient(base_url=tone.http_url) as http:
        for _ in range(NUM_INTERRUPTIONS):
            context = await agent.begin(LONG)
            wanted = len(agent.audio(context)) + moments.randrange(3)
            await agent.probe.until(lambda: len(agent.audio(context)) >= wanted)  # noqa: B023
            await agent.interrupt()
            await agent.probe.until(lambda: context in agent.heard)  # noqa: B023
            assert await num_steps_until_free(http) <= 1
            audio = await agent.say(SHORT)
            assert samples(audio) == SAMPLES_PER_CHAR * len(SHORT)
        assert agent.num_connections == 1
        assert agent.errors == []
    assert_nothing_stale(agent)


async def test_the_slot_is_free_behind_the_step_in_which_the_cancel_came() -> None:
    # So slow a step that none goes by unseen.
    with serving("tone", "--tone-step-ms", "1:20") as slow:
        service = VoxlineTTSService(url=slow.ws_url, window_s=5.0)
        async with conversing(service) as agent, httpx.AsyncClient(base_url=slow.http_url) as http:
            for _ in range(5):
                await agent.begin(LONG)
                assert (await engine(http))[0] == 1
                await agent.interrupt()
                assert await num_steps_until_free(http) <= 1
