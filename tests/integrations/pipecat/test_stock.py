"""Pipecat's own services for Fish Audio and OpenAI, with nothing changed but the address."""

import asyncio
import random

import pytest
from pipecat.frames.frames import TTSAudioRawFrame
from pipecat.services.tts_service import TTSService

from tests.helpers.serving import Server
from tests.integrations.pipecat.agent import (
    Agent,
    assert_nothing_stale,
    conversing,
    samples,
)
from tests.integrations.pipecat.stock import MARKS, SAMPLES_PER_CHAR, STOCK

pytestmark = MARKS

LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
SHORT = "Of course."
NUM_INTERRUPTIONS = 200
#: From the first audio on: by then some of the sentence is on the way, and some is not made.
LATEST_S = 0.02


def pcm(agent: Agent, after: int) -> bytes:
    """Return all audio behind the first `after` frames, whatever context it is said to be of."""
    passed = (frame for _, frame in agent.probe.passed[after:])
    return b"".join(frame.audio for frame in passed if isinstance(frame, TTSAudioRawFrame))


async def undisturbed(service: TTSService) -> bytes:
    """Return what the short sentence sounds like."""
    async with conversing(service) as agent:
        await agent.begin(SHORT)
        await agent.player.until_silent()
        return pcm(agent, after=0)


@pytest.mark.parametrize("name", STOCK)
async def test_it_speaks_turn_after_turn(name: str, tone: Server) -> None:
    # They wait for so long, three times as long by default, before a turn is over.
    async with conversing(STOCK[name](tone.address, stop_frame_timeout_s=1.0)) as agent:
        for _ in range(2):
            audio = await agent.say(f"{SHORT} {SHORT}")
            # What is between two sentences is not spoken.
            assert samples(audio) >= SAMPLES_PER_CHAR * (2 * len(SHORT) - 2)
        assert agent.errors == []


@pytest.mark.parametrize("name", STOCK)
async def test_after_each_of_200_interruptions_comes_the_next_sentence_and_no_other_sample(
    name: str, espeak: Server
) -> None:
    moments = random.Random(7)
    # It sounds the same each time, and unlike the other one: a count would not tell them apart.
    wanted = await undisturbed(STOCK[name](espeak.address))
    async with conversing(STOCK[name](espeak.address)) as agent:
        for _ in range(NUM_INTERRUPTIONS):
            await agent.begin(LONG)
            await asyncio.sleep(LATEST_S * moments.random())
            await agent.interrupt()
            begun = len(agent.probe.passed)
            await agent.begin(SHORT)
            await agent.probe.until(lambda: len(pcm(agent, begun)) >= len(wanted))  # noqa: B023
            assert pcm(agent, begun) == wanted
            await agent.interrupt()
        assert agent.errors == []
    assert_nothing_stale(agent)
