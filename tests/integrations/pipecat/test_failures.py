"""Connections that are lost, servers that refuse: the call goes on, or knows why it does not."""

import signal

import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSUpdateSettingsFrame
from pipecat.utils.errors import ErrorCategory

from protocol.client import ConnectFailed, StreamError
from protocol.codes import ErrorCode
from protocol.integrations.pipecat import VoxlineTTSService, VoxlineTTSSettings
from protocol.messages import Reference
from tests.helpers.serving import Server, serving, starting
from tests.integrations.pipecat.agent import conversing, samples
from tests.integrations.pipecat.proxy import proxying

pytestmark = pytest.mark.anyio

LONG = "Your parcel left the depot this morning."
#: Of `tone`, at 24 kHz.
SAMPLES_PER_CHAR = 1_600


async def test_where_the_connection_is_lost_the_next_one_speaks_the_rest(tone: Server) -> None:
    async with (
        proxying(tone) as proxy,
        conversing(VoxlineTTSService(url=proxy.ws_url, window_s=1.0)) as agent,
    ):
        context = await agent.begin(LONG)
        await agent.player.until_played(0.5)
        proxy.cut()
        await agent.probe.until(lambda: context in agent.heard)
        assert agent.num_connections == 2
        assert agent.heard[context].strip() == LONG
        # The word that was cut, "morning" at the longest, is said again.
        said = samples(agent.audio(context)) / SAMPLES_PER_CHAR
        assert len(LONG) <= said <= len(LONG) + len(" morning ")
        await agent.player.until_silent()
        assert agent.remembered == [LONG]
        assert agent.errors == []


async def test_text_that_is_written_while_there_is_no_connection_is_spoken_later(
    tone: Server,
) -> None:
    async with (
        proxying(tone) as proxy,
        conversing(VoxlineTTSService(url=proxy.ws_url)) as agent,
    ):
        await agent.say("One.")
        await proxy.refuse_for(0.4)
        assert samples(await agent.say("Two.")) == SAMPLES_PER_CHAR * len("Two.")


async def test_a_voice_that_is_unknown_is_a_typed_error_and_another_one_mends_it(
    tone: Server,
) -> None:
    settings = VoxlineTTSSettings(voice="nobody")
    async with conversing(VoxlineTTSService(url=tone.ws_url, settings=settings)) as agent:
        assert await agent.say("One.") == []
        error = await agent.first_error()
        assert error.category is ErrorCategory.INVALID_REQUEST
        assert isinstance(error.exception, StreamError)
        assert not agent.service.is_usable
        delta = VoxlineTTSSettings(voice="default")
        await agent.worker.queue_frame(TTSUpdateSettingsFrame(delta=delta))
        assert await agent.say("Two.")


async def test_a_recording_for_a_model_that_cannot_clone_is_a_typed_error_and_a_voice_mends_it(
    tone: Server,
) -> None:
    settings = VoxlineTTSSettings(reference=Reference(b"a recording", "What is said in it."))
    async with conversing(VoxlineTTSService(url=tone.ws_url, settings=settings)) as agent:
        assert await agent.say("One.") == []
        error = await agent.first_error()
        assert error.category is ErrorCategory.INVALID_REQUEST
        assert isinstance(error.exception, StreamError)
        assert error.exception.code is ErrorCode.UNSUPPORTED
        delta = VoxlineTTSSettings(voice="default")
        await agent.worker.queue_frame(TTSUpdateSettingsFrame(delta=delta))
        assert await agent.say("Two.")


async def test_an_option_out_of_range_is_an_error_of_the_application(tone: Server) -> None:
    settings = VoxlineTTSSettings(speed=9.0)
    async with conversing(VoxlineTTSService(url=tone.ws_url, settings=settings)) as agent:
        assert await agent.say("One.") == []
        assert (await agent.first_error()).category is ErrorCategory.APPLICATION


async def test_an_address_that_answers_no_socket_is_given_up_at_once(tone: Server) -> None:
    service = VoxlineTTSService(url=f"ws://{tone.host}:{tone.port}/v1/voices")
    async with conversing(service) as agent:
        error = await agent.first_error()
        assert isinstance(error.exception, ConnectFailed)
        assert not service.is_usable


async def test_a_connection_that_was_closed_for_its_silence_is_made_anew() -> None:
    with serving("tone", "--idle-connection-s", "1") as impatient:
        async with conversing(VoxlineTTSService(url=impatient.ws_url)) as agent:
            await agent.probe.until(lambda: agent.num_connections == 2)
            assert samples(await agent.say("Two.")) == SAMPLES_PER_CHAR * len("Two.")
            assert agent.errors == []


async def test_a_server_that_drains_ends_what_it_says_and_the_call_goes_on_at_the_next() -> None:
    with (
        starting("server", "serve", "--model", "tone") as old,
        starting("server", "serve", "--model", "tone") as new,
    ):
        async with (
            proxying(old.server) as proxy,
            conversing(VoxlineTTSService(url=proxy.ws_url)) as agent,
        ):
            await agent.begin(LONG)
            proxy.lead_to(new.server)
            old.signal(signal.SIGTERM)
            await agent.probe.until(lambda: agent.num_connections == 2)
            await agent.probe.until(lambda: LONG in "".join(agent.heard.values()))
            assert samples(agent.probe.of(TTSAudioRawFrame)) == SAMPLES_PER_CHAR * len(LONG)
            assert samples(await agent.say("Two.")) == SAMPLES_PER_CHAR * len("Two.")
            assert agent.errors == []
        assert old.wait() == 0
