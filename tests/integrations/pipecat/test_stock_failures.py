"""Pipecat's own services where something fails: an error is told, and the call goes on."""

import signal
from collections.abc import Callable

import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSStoppedFrame, TTSUpdateSettingsFrame
from pipecat.services.settings import TTSSettings

from tests.helpers.serving import Server, starting
from tests.integrations.pipecat.agent import RATE_HZ, Agent, conversing, samples
from tests.integrations.pipecat.proxy import proxying
from tests.integrations.pipecat.stock import MARKS, SAMPLES_PER_CHAR, STOCK

pytestmark = MARKS

#: One sentence of four minutes: far more than is on the way when it is cut.
ENDLESS = "and so on " * 400
SHORT = "Of course."
#: After so long without audio a reply is over for them: far longer than a step of `tone`.
STOP_S = 0.7


async def begin_and_lose(agent: Agent, lose: Callable[[], None]) -> None:
    """Begin a sentence, lose the way to the server, and wait until the service is ready again."""
    num_connections = agent.num_connections
    context = await agent.begin(ENDLESS)
    lose()
    await agent.probe.first(TTSStoppedFrame, after=0)
    assert samples(agent.audio(context)) < SAMPLES_PER_CHAR * len(ENDLESS) / 2
    if num_connections:
        # A sentence that Pipecat begins meanwhile goes to a socket that it does not listen to.
        await agent.probe.until(lambda: agent.num_connections > num_connections)


async def assert_speaks(agent: Agent) -> None:
    """The next sentence is whole."""
    begun = len(agent.probe.passed)
    await agent.begin(SHORT)
    await agent.probe.first(TTSStoppedFrame, begun)
    # Where a request failed, Pipecat goes on in the context that it had.
    passed = [frame for _, frame in agent.probe.passed[begun:]]
    audio = [frame for frame in passed if isinstance(frame, TTSAudioRawFrame)]
    assert samples(audio) == SAMPLES_PER_CHAR * len(SHORT)


@pytest.mark.parametrize("name", STOCK)
async def test_an_unknown_voice_is_an_error_and_another_one_mends_it(
    name: str, tone: Server
) -> None:
    service = STOCK[name](tone.address, voice="nobody", stop_frame_timeout_s=STOP_S)
    async with conversing(service) as agent:
        assert await agent.say(SHORT) == []
        assert await agent.first_error()
        voice = "alloy" if name == "openai" else "default"
        await agent.worker.queue_frame(TTSUpdateSettingsFrame(delta=TTSSettings(voice=voice)))
        await assert_speaks(agent)


@pytest.mark.parametrize("name", STOCK)
async def test_a_sentence_that_the_server_refuses_is_an_error_and_the_next_one_speaks(
    name: str, tone: Server
) -> None:
    async with conversing(STOCK[name](tone.address, stop_frame_timeout_s=STOP_S)) as agent:
        assert await agent.say("word " * 5_000) == []
        assert await agent.first_error()
        await assert_speaks(agent)


@pytest.mark.parametrize("name", STOCK)
async def test_replies_without_a_sound_are_no_failure_however_many(
    name: str, espeak: Server
) -> None:
    async with conversing(STOCK[name](espeak.address, stop_frame_timeout_s=STOP_S)) as agent:
        for text in ("...", "…", "🙂", "—"):
            await agent.say(text)
        assert samples(await agent.say(SHORT)) > RATE_HZ / 4
        assert agent.errors == []


@pytest.mark.parametrize("name", STOCK)
async def test_where_the_socket_is_cut_in_mid_sentence_the_next_sentence_is_whole(
    name: str, tone: Server
) -> None:
    async with (
        proxying(tone) as proxy,
        conversing(STOCK[name](proxy.address, stop_frame_timeout_s=STOP_S)) as agent,
    ):
        await begin_and_lose(agent, proxy.cut)
        await assert_speaks(agent)


@pytest.mark.parametrize("name", STOCK)
async def test_where_the_server_dies_in_mid_sentence_its_successor_speaks_the_next_one(
    name: str, tone: Server
) -> None:
    with starting("server", "serve", "--model", "tone") as old:
        async with (
            proxying(old.server) as proxy,
            conversing(STOCK[name](proxy.address, stop_frame_timeout_s=STOP_S)) as agent,
        ):

            def die() -> None:
                proxy.lead_to(tone)
                old.signal(signal.SIGKILL)

            await begin_and_lose(agent, die)
            await assert_speaks(agent)
