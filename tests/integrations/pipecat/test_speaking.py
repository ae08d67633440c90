"""One reply after another: their audio, their words, and what the model remembers of them."""

import pytest
from pipecat.frames.frames import (
    LLMFullResponseEndFrame,
    MetricsFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData, TTSUsageMetricsData
from pipecat.services.tts_service import TextAggregationMode

from protocol.integrations.pipecat import VoxlineTTSService, VoxlineTTSSettings
from tests.helpers.serving import Server
from tests.integrations.pipecat.agent import RATE_HZ, conversing, samples

pytestmark = pytest.mark.anyio

FIRST = "Your train leaves at nine."
SECOND = "Shall I book a seat?"
REPLY = f"{FIRST} {SECOND}"
LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
#: In the middle of "morning", a quarter of a second from either end of it: nothing begins between
#: the service and the transport, which an interruption reaches a moment later.
IN_A_WORD_S = 1.7
#: One sentence.
PERIOD = (
    "Your parcel, which left the depot this morning, should be with you before noon tomorrow, "
    "unless it snows."
)
#: Of `tone`.
SAMPLES_PER_CHAR = 1_600
WORDS_PER_S = 12
#: Two pieces of the transport: one that plays, and one that was late.
TOLERANCE_S = 0.08


def words(text: str) -> list[str]:
    return [f"{word} " for word in text.split()]


def bare(text: str) -> str:
    """Leave out what no voice speaks."""
    return "".join(c for c in text if c.isalnum() or c == " ").strip()


def assert_no_gap(arrivals: list[tuple[float, TTSAudioRawFrame]]) -> None:
    """Whatever plays at once from the first audio on never waits for the next."""
    first_s, played = arrivals[0][0], 0
    for arrived_s, frame in arrivals:
        assert arrived_s <= first_s + played / RATE_HZ
        played += frame.num_frames


@pytest.fixture(params=list(TextAggregationMode), ids=str)
def mode(request: pytest.FixtureRequest) -> TextAggregationMode:
    assert isinstance(request.param, TextAggregationMode)
    return request.param


async def test_a_reply_is_spoken_whole_and_remembered_as_it_was_written(
    espeak: Server, mode: TextAggregationMode
) -> None:
    # So short a first sentence is made, and the second begun, before the second is written.
    reply = "Of course. What is the new address?"
    service = VoxlineTTSService(url=espeak.ws_url, text_aggregation_mode=mode)
    async with conversing(service) as agent:
        await agent.write(*words(reply), pause_s=1 / WORDS_PER_S)
        await agent.probe.until(lambda: bool(agent.heard))
        await agent.probe.until(lambda: bool(agent.probe.of(LLMFullResponseEndFrame)))
        await agent.player.until_silent()
        (heard,) = agent.heard.values()
        assert heard.strip() == reply
        assert agent.remembered == [reply]
        (end,) = agent.probe.of(LLMFullResponseEndFrame)
        assert (end.pts or 0) >= max(frame.pts or 0 for frame in agent.probe.of(TTSTextFrame))
        spoken = [frame.text for frame in agent.probe.of(TTSTextFrame)]
        assert bare(" ".join(spoken)) == bare(reply)
        assert agent.errors == []


async def test_what_is_remembered_of_an_interrupted_reply_is_what_was_heard(
    espeak: Server, mode: TextAggregationMode
) -> None:
    service = VoxlineTTSService(url=espeak.ws_url, text_aggregation_mode=mode)
    async with conversing(service) as agent:
        context = await agent.begin(LONG)
        await agent.player.until_played(IN_A_WORD_S)
        await agent.interrupt()
        await agent.probe.until(lambda: context in agent.heard)
        await agent.player.until_silent()
        (remembered,) = agent.remembered
        heard = agent.heard[context].split()
        # The word that was cut had begun: it is remembered, but was not heard.
        assert remembered.split()[: len(heard)] == heard
        assert len(heard) <= len(remembered.split()) <= len(heard) + 1
        assert 0 < len(remembered) < len(LONG)


async def test_a_second_speech_is_remembered_when_it_plays_and_not_when_it_is_made(
    tone: Server,
) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        speeches = (TTSSpeakFrame("One, extraordinarily."), TTSSpeakFrame("Three."))
        await agent.worker.queue_frames(speeches)
        await agent.probe.until(lambda: len(agent.probe.of(TTSStoppedFrame)) == 2)
        # All is made, the last word of the first speech has begun, and the second is silent yet.
        await agent.player.until_played(0.9)
        await agent.interrupt()
        await agent.probe.until(lambda: len(agent.heard) == 2)
        await agent.player.until_silent()
        assert list(agent.heard.values())[1] == ""
        assert "Three" not in " ".join(agent.remembered)


async def test_live_text_is_spoken_once_its_first_segment_is_complete_and_without_a_gap(
    espeak: Server,
) -> None:
    mode = TextAggregationMode.TOKEN
    service = VoxlineTTSService(url=espeak.ws_url, text_aggregation_mode=mode)
    async with conversing(service) as agent:
        await agent.say("Warm up.")
        await agent.player.until_silent()
        begun = len(agent.probe.passed)
        await agent.write(*words(REPLY), pause_s=1 / WORDS_PER_S)
        stopped = await agent.probe.first(TTSStoppedFrame, begun)
        arrivals = agent.arrivals(stopped.context_id)
        assert agent.written_s("nine. ") < arrivals[0][0] < agent.written_s("seat? ")
        assert_no_gap(arrivals)


async def test_a_long_sentence_that_is_written_word_by_word_has_no_gap(espeak: Server) -> None:
    mode = TextAggregationMode.TOKEN
    # Nothing but the text is waited for.
    service = VoxlineTTSService(url=espeak.ws_url, text_aggregation_mode=mode, window_s=30.0)
    async with conversing(service) as agent:
        await agent.write(*words(PERIOD), pause_s=1 / WORDS_PER_S)
        stopped = await agent.probe.first(TTSStoppedFrame, after=0)
        arrivals = agent.arrivals(stopped.context_id)
        # It is spoken while it is written, and no longer than it takes to say it.
        assert arrivals[0][0] < agent.written_s("snows. ")
        assert_no_gap(arrivals)


async def test_the_server_is_never_further_ahead_than_the_window(tone: Server) -> None:
    window_s = 0.5
    async with conversing(VoxlineTTSService(url=tone.ws_url, window_s=window_s)) as agent:
        context = await agent.begin(FIRST)
        while context not in agent.heard:
            made = samples(agent.audio(context)) / RATE_HZ
            assert made - agent.player.played_s <= window_s + TOLERANCE_S
            agent.probe.news.clear()
            await agent.probe.news.wait()
        assert samples(agent.audio(context)) == SAMPLES_PER_CHAR * len(FIRST)


async def test_settings_that_change_in_a_turn_hold_for_the_rest_of_it(tone: Server) -> None:
    async with conversing(VoxlineTTSService(url=tone.ws_url)) as agent:
        delta = VoxlineTTSSettings(speed=2.0)
        await agent.write_around(FIRST, TTSUpdateSettingsFrame(delta=delta), SECOND)
        await agent.probe.until(lambda: len(agent.probe.of(TTSStoppedFrame)) == 2)
        slow, fast = (samples(agent.audio(f.context_id)) for f in agent.probe.of(TTSStoppedFrame))
        assert slow == SAMPLES_PER_CHAR * len(FIRST)
        assert fast == pytest.approx(SAMPLES_PER_CHAR * len(SECOND) / 2, rel=0.05)
        assert agent.num_connections == 1


async def test_time_to_first_byte_and_usage_are_told(
    tone: Server, mode: TextAggregationMode
) -> None:
    service = VoxlineTTSService(url=tone.ws_url, text_aggregation_mode=mode)
    async with conversing(service) as agent:
        await agent.say(REPLY)
        told = [data for frame in agent.probe.of(MetricsFrame) for data in frame.data]
        (ttfb,) = (d.value for d in told if isinstance(d, TTFBMetricsData) and d.value)
        assert 0 < ttfb < 1
        used = sum(d.value for d in told if isinstance(d, TTSUsageMetricsData))
        assert used == pytest.approx(len(REPLY), abs=1)


async def test_a_pause_of_the_writer_ends_nothing(tone: Server) -> None:
    mode = TextAggregationMode.TOKEN
    service = VoxlineTTSService(
        url=tone.ws_url, text_aggregation_mode=mode, stop_frame_timeout_s=0.3
    )
    async with conversing(service) as agent:
        await agent.write("One. ", "Two. ", pause_s=1.5)
        await agent.probe.until(lambda: bool(agent.heard and agent.probe.of(TTSStoppedFrame)))
        passed = agent.probe.passed
        (ended_s,) = (when for when, frame in passed if isinstance(frame, TTSStoppedFrame))
        assert ended_s > agent.written_s("Two. ")
