"""Pipecat's own services for Fish Audio and OpenAI, with nothing changed but the address."""

import pytest

from tests.helpers.serving import Server
from tests.integrations.pipecat.agent import assert_nothing_stale, conversing, samples
from tests.integrations.pipecat.stock import MARKS, SAMPLES_PER_CHAR, STOCK

pytestmark = MARKS

LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
SHORT = "Of course."
#: As many as with our own service; the other one makes a request for each sentence.
NUM_INTERRUPTIONS = {"fish": 200, "openai": 50}


@pytest.mark.parametrize("name", STOCK)
async def test_it_speaks_turn_after_turn(name: str, tone: Server) -> None:
    # They wait for so long, three times as long by default, before a turn is over.
    async with conversing(STOCK[name](tone.address, stop_frame_timeout_s=1.0)) as agent:
        for _ in range(2):
            audio = await agent.say(f"{LONG} {SHORT}")
            # What is between two sentences is not spoken.
            assert samples(audio) >= SAMPLES_PER_CHAR * (len(LONG + SHORT) - 2)
        assert agent.errors == []


@pytest.mark.parametrize("name", STOCK)
async def test_after_an_interruption_the_next_sentence_is_whole_and_nothing_is_stale(
    name: str, tone: Server
) -> None:
    async with conversing(STOCK[name](tone.address)) as agent:
        for _ in range(NUM_INTERRUPTIONS[name]):
            await agent.begin(LONG)
            await agent.interrupt()
            context = await agent.begin(SHORT)
            wanted = SAMPLES_PER_CHAR * len(SHORT)
            await agent.probe.until(lambda: samples(agent.audio(context)) >= wanted)  # noqa: B023
            await agent.interrupt()
        assert agent.errors == []
    assert_nothing_stale(agent)
