"""A file as server-sent events: a part of it in each, and which words of it are heard when."""

import base64
from collections.abc import AsyncIterator

from server.dialects.fish.alignment import Alignment
from server.dialects.server_sent import MEDIA_TYPE, event
from server.notes.request import Reply


def in_timed_events(text: str, sample_rate_hz: int) -> Reply:
    """Send the file of `text` as events."""
    alignment = Alignment(sample_rate_hz)
    alignment.append(text)

    async def frame(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            audio = base64.b64encode(chunk).decode()
            yield event({"audio_base64": audio, **alignment.snapshot()})

    return Reply(MEDIA_TYPE, frame, alignment.hear)
