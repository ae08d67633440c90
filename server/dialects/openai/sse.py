"""A file as server-sent events, `stream_format: sse`: a part of it in each, and what it cost."""

import base64
from collections.abc import AsyncIterator

from server.dialects.server_sent import MEDIA_TYPE, event
from server.notes.request import Reply


def in_events(text: str) -> Reply:
    """Send the file of `text` as events."""

    async def frame(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            audio = base64.b64encode(chunk).decode()
            yield event({"type": "speech.audio.delta", "audio": audio})
        # Nothing here is priced by the token: what is counted are characters.
        usage = {"input_tokens": len(text), "output_tokens": 0, "total_tokens": len(text)}
        yield event({"type": "speech.audio.done", "usage": usage})

    return Reply(MEDIA_TYPE, frame)
