"""Many speeches at once, and long ones: all are spoken, a few are made, and none is forgotten."""

import httpx
import pytest
from pipecat.frames.frames import TextFrame, TTSSpeakFrame, TTSStoppedFrame

from protocol.integrations.conversation import MAX_MADE, MAX_SPEECHES
from protocol.integrations.pipecat import VoxlineTTSService, VoxlineTTSSettings
from tests.helpers.serving import Server, serving
from tests.integrations.pipecat.agent import Agent, conversing, samples

pytestmark = pytest.mark.anyio

SHORT = "Of course."
LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
#: Of `tone`, at 24 kHz.
SAMPLES_PER_CHAR = 1_600


def hasty(tone: Server) -> VoxlineTTSService:
    return VoxlineTTSService(url=tone.ws_url, settings=VoxlineTTSSettings(speed=4.0))


async def speak(agent: Agent, *texts: str) -> None:
    await agent.worker.queue_frames([TTSSpeakFrame(text) for text in texts])


async def test_more_speeches_than_one_connection_has_streams_are_all_spoken_in_order(
    tone: Server,
) -> None:
    texts = [f"{number}." for number in range(MAX_SPEECHES + 2)]
    async with conversing(hasty(tone)) as agent:
        await speak(agent, *texts)
        await agent.probe.until(lambda: len(agent.heard) == len(texts))
        await agent.player.until_silent()
        assert agent.remembered == texts
        assert len(agent.probe.of(TTSStoppedFrame)) == len(texts)
        assert agent.errors == []


async def test_of_speeches_that_wait_a_few_are_made_and_an_interruption_drops_all(
    tone: Server,
) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        await speak(agent, *[LONG] * 40)
        await agent.player.until_played(0.5)
        async with httpx.AsyncClient(base_url=tone.http_url) as http:
            page = (await http.get("/metrics")).text
        (open_now,) = (line for line in page.splitlines() if line.startswith("voxline_sequences "))
        assert float(open_now.split()[-1]) <= MAX_MADE
        await agent.interrupt()
        await agent.probe.until(lambda: len(agent.heard) == 40)
        assert list(agent.heard.values()).count("") == 39
        assert samples(await agent.say(SHORT)) == SAMPLES_PER_CHAR * len(SHORT)
        assert agent.errors == []


async def test_a_speech_that_waits_for_longer_than_pipecat_waits_for_audio_is_spoken(
    tone: Server,
) -> None:
    texts = [f"Number {number}." for number in range(MAX_MADE + 2)]
    # All of a speech is made at once, and it plays for thrice as long as Pipecat waits.
    service = VoxlineTTSService(url=tone.ws_url, window_s=30.0, stop_frame_timeout_s=0.2)
    async with conversing(service) as agent:
        await speak(agent, *texts)
        await agent.probe.until(lambda: len(agent.heard) == len(texts))
        assert [text.strip() for text in agent.heard.values()] == texts
        assert agent.errors == []


async def test_a_speech_of_one_word_that_waited_is_remembered_by_itself(tone: Server) -> None:
    texts = ["First thing said.", "Second.", "Third."]
    async with conversing(hasty(tone)) as agent:
        await speak(agent, *texts)
        await agent.probe.until(lambda: len(agent.heard) == len(texts))
        await agent.player.until_silent()
        assert agent.remembered == texts


async def test_a_reply_of_one_word_that_waited_is_remembered_by_itself(tone: Server) -> None:
    async with conversing(hasty(tone)) as agent:
        await speak(agent, "One moment.")
        await agent.write("Yes.")
        await agent.probe.until(lambda: len(agent.heard) == 2)
        await agent.player.until_silent()
        assert agent.remembered == ["One moment.", "Yes."]


async def test_text_of_no_turn_is_spoken_and_holds_up_nothing(tone: Server) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        await agent.worker.queue_frames([TextFrame("One. "), TextFrame("Two. "), TextFrame("T")])
        await agent.probe.until(lambda: len(agent.heard) == 2)
        assert samples(await agent.say("hree.")) == SAMPLES_PER_CHAR * len("Three.")


async def test_replies_without_a_sound_are_no_errors_were_not_heard_and_the_next_is_spoken(
    espeak: Server,
) -> None:
    silent = ["...", "…", "(sighing)", "..."]
    async with conversing(VoxlineTTSService(url=espeak.ws_url)) as agent:
        for number, text in enumerate(silent, 1):
            await agent.write(text)
            await agent.probe.until(lambda: len(agent.heard) == number)  # noqa: B023
        assert samples(await agent.say(SHORT)) > SAMPLES_PER_CHAR
        await agent.probe.until(lambda: len(agent.heard) == len(silent) + 1)
        assert list(agent.heard.values()) == ["", "", "", "", f"{SHORT} "]
        assert agent.errors == []
        assert agent.service.is_usable


async def test_a_reply_longer_than_a_stream_may_be_is_spoken_whole_and_in_order() -> None:
    text = f"{SHORT} {LONG}"
    with serving("tone", "--max-text-chars", "40") as strict:
        async with conversing(hasty(strict)) as agent:
            audio = await agent.say(text)
            wanted = SAMPLES_PER_CHAR * len(text) / 4
            assert samples(audio) == pytest.approx(wanted, rel=0.05)
            await agent.probe.until(lambda: bool(agent.heard))
            (heard,) = agent.heard.values()
            assert heard.strip() == text
            await agent.player.until_silent()
            assert agent.remembered == [text]
            assert agent.errors == []
