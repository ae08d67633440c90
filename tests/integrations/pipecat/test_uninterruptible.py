"""Speech that Pipecat marks as not to be interrupted, as a legal notice: it plays to its end."""

import pytest
from pipecat.frames.frames import (
    BotBackchannelFrame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)

from protocol.integrations.pipecat import VoxlineTTSService
from tests.helpers.serving import Server
from tests.integrations.pipecat.agent import Agent, conversing, samples

pytestmark = pytest.mark.anyio

NOTICE = "We record this."
LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
SHORT = "Of course."
#: Of `tone`, at 24 kHz.
SAMPLES_PER_CHAR = 1_600


def notice() -> TTSSpeakFrame:
    frame = TTSSpeakFrame(NOTICE)
    frame.interruptible = False
    return frame


def spoken(agent: Agent, text: str) -> list[str]:
    """Return the contexts whose audio is that of the whole text."""
    contexts = {frame.context_id for frame in agent.probe.of(TTSAudioRawFrame)}
    wanted = SAMPLES_PER_CHAR * len(text)
    return [str(each) for each in contexts if samples(agent.audio(each)) == wanted]


@pytest.mark.parametrize("frame", [notice(), BotBackchannelFrame(NOTICE)], ids=["notice", "mm-hmm"])
async def test_it_is_made_played_and_heard_whole_though_it_is_interrupted(
    frame: TTSSpeakFrame, tone: Server
) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url, window_s=0.3)) as agent:
        await agent.worker.queue_frame(frame)
        await agent.player.until_played(0.2)
        await agent.interrupt()
        await agent.probe.until(lambda: bool(agent.heard))
        (context,) = spoken(agent, NOTICE)
        assert agent.heard[context].strip() == NOTICE
        await agent.player.until_silent()
        assert agent.player.played_s >= SAMPLES_PER_CHAR * len(NOTICE) / 24_000
        assert samples(await agent.say(SHORT)) == SAMPLES_PER_CHAR * len(SHORT)
        assert agent.num_connections == 1
        assert agent.errors == []


async def test_a_reply_that_waits_behind_it_is_thrown_away_alone(tone: Server) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        await agent.worker.queue_frames([notice(), TTSSpeakFrame(LONG)])
        await agent.player.until_played(0.2)
        await agent.interrupt()
        await agent.probe.until(lambda: len(agent.heard) == 2)
        (context,) = spoken(agent, NOTICE)
        assert agent.heard.pop(context).strip() == NOTICE
        assert list(agent.heard.values()) == [""]
        await agent.player.until_silent()
        assert not [frame for frame in agent.remembered if "parcel" in frame]


async def test_a_reply_before_it_is_cut_and_it_is_spoken_next(tone: Server) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        reply = await agent.begin(LONG)
        await agent.worker.queue_frames([notice(), InterruptionFrame()])
        await agent.probe.until(lambda: len(agent.heard) == 2)
        assert len(agent.heard[reply]) < len(LONG)
        (context,) = spoken(agent, NOTICE)
        assert agent.heard[context].strip() == NOTICE
