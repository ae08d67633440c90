"""LiveKit's plugin for Fish Audio, with its own settings and nothing changed but the base URL."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from anyio import to_thread
from livekit.agents import APIConnectOptions, APIError
from livekit.plugins import fishaudio

from tests.clients.conftest import MortalServer
from tests.helpers.serving import Server

pytestmark = pytest.mark.anyio

TEXT = "Hello, this is spoken for LiveKit. It has two sentences."
SECONDS = (1.0, 12.0)


@asynccontextmanager
async def plugin(server: Server | MortalServer, **options: str) -> AsyncIterator[fishaudio.TTS]:
    async with aiohttp.ClientSession() as http:
        tts = fishaudio.TTS(
            base_url=server.http_url,
            api_key="any",
            http_session=http,
            **options,
        )
        yield tts
        await tts.aclose()


async def seconds_of(stream: AsyncIterable[Any]) -> float:
    seconds = 0.0
    async for event in stream:
        seconds += event.frame.duration
    return seconds


def live(tts: fishaudio.TTS, text: str, **options: APIConnectOptions) -> Any:  # noqa: ANN401 LiveKit's
    """Write a text word by word; return what is spoken."""
    stream: Any = tts.stream(**options)
    for word in text.split():
        stream.push_text(f"{word} ")
    stream.end_input()
    return stream


async def test_it_speaks_with_its_stock_settings(espeak: Server) -> None:
    async with plugin(espeak) as tts:
        assert SECONDS[0] < await seconds_of(tts.synthesize(TEXT)) < SECONDS[1]


async def test_it_speaks_live_text_again_and_again_on_one_socket(espeak: Server) -> None:
    async with plugin(espeak) as tts:
        for _ in range(3):
            assert SECONDS[0] < await seconds_of(live(tts, TEXT)) < SECONDS[1]


async def test_it_is_interrupted_and_speaks_on(espeak: Server) -> None:
    async with plugin(espeak) as tts:
        for _ in range(5):
            stream = tts.stream()
            stream.push_text(TEXT * 20)
            stream.flush()
            async for _ in stream:
                break
            await stream.aclose()
        assert await seconds_of(tts.synthesize(TEXT)) > SECONDS[0]


async def test_it_is_told_what_it_got_wrong(espeak: Server) -> None:
    async with plugin(espeak, voice_id="nobody") as tts:
        with pytest.raises(APIError):
            await seconds_of(tts.synthesize(TEXT))
        with pytest.raises(APIError):
            await seconds_of(live(tts, TEXT, conn_options=APIConnectOptions(max_retry=0)))


async def test_it_speaks_again_where_the_server_died_in_mid_speech_and_between_two_replies(
    mortal: MortalServer,
) -> None:
    async with plugin(mortal) as tts:
        stream = aiter(live(tts, TEXT * 50))
        await anext(stream)
        await to_thread.run_sync(mortal.restart)
        with pytest.raises(APIError):
            await seconds_of(stream)
        assert SECONDS[0] < await seconds_of(live(tts, TEXT)) < SECONDS[1]
        await to_thread.run_sync(mortal.restart)
        assert SECONDS[0] < await seconds_of(live(tts, TEXT)) < SECONDS[1]
