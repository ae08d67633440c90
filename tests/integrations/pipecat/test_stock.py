"""Pipecat's own services for Fish Audio and OpenAI, with nothing changed but the address."""

import gc
from collections.abc import Iterator

import pytest
from pipecat.services.fish.tts import FishAudioTTSService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TTSService

from tests.helpers.serving import Server
from tests.integrations.pipecat.agent import RATE_HZ, assert_nothing_stale, conversing, samples

pytestmark = [
    pytest.mark.anyio,
    # OpenAI's leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LONG = "Your parcel left the depot this morning and should be with you before noon tomorrow."
SHORT = "Of course."
#: Of `tone`, at 24 kHz.
SAMPLES_PER_CHAR = RATE_HZ // 15
#: As many as with our own service; the other one makes a request for each sentence.
NUM_INTERRUPTIONS = {"fish": 200, "openai": 50}


@pytest.fixture(autouse=True)
def sockets_are_collected() -> Iterator[None]:
    """Collect what a client leaves behind while it is still ignored."""
    yield
    gc.collect()


def stock(name: str, server: Server) -> TTSService:
    """Return a service that knows no other server than the vendor's, pointed at ours."""
    if name == "openai":
        return OpenAITTSService(
            base_url=f"{server.http_url}/v1",
            api_key="any",
            settings=OpenAITTSService.Settings(voice="alloy"),
        )
    service = FishAudioTTSService(api_key="any")
    service._base_url = f"ws://{server.host}:{server.port}/v1/tts/live"
    return service


@pytest.mark.parametrize("name", ["fish", "openai"])
async def test_it_speaks_turn_after_turn(name: str, tone: Server) -> None:
    async with conversing(stock(name, tone)) as agent:
        for _ in range(2):
            audio = await agent.say(f"{LONG} {SHORT}")
            # What is between two sentences is not spoken.
            assert samples(audio) >= SAMPLES_PER_CHAR * (len(LONG + SHORT) - 2)
        assert agent.errors == []


@pytest.mark.parametrize("name", ["fish", "openai"])
async def test_after_an_interruption_the_next_sentence_is_whole_and_nothing_is_stale(
    name: str, tone: Server
) -> None:
    async with conversing(stock(name, tone)) as agent:
        for _ in range(NUM_INTERRUPTIONS[name]):
            await agent.begin(LONG)
            await agent.interrupt()
            context = await agent.begin(SHORT)
            wanted = SAMPLES_PER_CHAR * len(SHORT)
            await agent.probe.until(lambda: samples(agent.audio(context)) >= wanted)  # noqa: B023
            await agent.interrupt()
        assert agent.errors == []
    assert_nothing_stale(agent)
