"""Pipecat's own services for Fish Audio and OpenAI, with nothing changed but the address."""

from typing import Any

import pytest
from pipecat.services.fish.tts import FishAudioTTSService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TTSService

from tests.integrations.pipecat.agent import RATE_HZ

#: OpenAI's leaves its sockets to the garbage collector.
MARKS = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("sockets_are_collected"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
#: Of `tone`, at the rate of the agent.
SAMPLES_PER_CHAR = RATE_HZ // 15


def fish(address: str, *, voice: str | None = None, **options: Any) -> TTSService:  # noqa: ANN401 Pipecat's
    """Return the service for Fish; `address` is a host and a port."""
    settings = FishAudioTTSService.Settings(voice=voice)
    service = FishAudioTTSService(api_key="any", settings=settings, **options)
    service._base_url = f"ws://{address}/v1/tts/live"
    return service


def openai(address: str, *, voice: str = "alloy", **options: Any) -> TTSService:  # noqa: ANN401 Pipecat's
    """Return the service for OpenAI; `address` is a host and a port."""
    return OpenAITTSService(
        base_url=f"http://{address}/v1",
        api_key="any",
        settings=OpenAITTSService.Settings(voice=voice),
        **options,
    )


STOCK = {"fish": fish, "openai": openai}
