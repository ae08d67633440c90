"""A voice agent that is interrupted: it falls silent, and knows what its listener has heard.

Run it against a server: python -m examples.interrupt ws://127.0.0.1:8080/ws/tts
"""

import sys

import anyio

from protocol.client import connect
from protocol.messages import Audio

REPLY = "Your parcel left the depot this morning. It should be with you before noon tomorrow."
#: The listener talks over the agent after this much speech.
INTERRUPTED_AFTER_S = 1.0


async def main(url: str) -> None:
    """Speak, be interrupted, then speak again on the same connection."""
    async with connect(url) as connection:
        interrupted_at = round(INTERRUPTED_AFTER_S * connection.ready.sample_rate)
        async with connection.stream() as stream:
            await stream.send_text(REPLY)
            await stream.end()
            async for event in stream:
                if isinstance(event, Audio) and event.at >= interrupted_at:
                    break
            silence = await stream.cancel(played=interrupted_at)
        print(f"heard: {REPLY[: silence.heard or 0]!r}")

        async with connection.stream() as stream:
            await stream.send_text("Of course. What would you like to change?")
            await stream.end()
            samples = sum([len(e.pcm) // 2 async for e in stream if isinstance(e, Audio)])
        print(f"then said {samples / connection.ready.sample_rate:.2f} s more")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 the program and its URL
        sys.exit("usage: python -m examples.interrupt ws://127.0.0.1:8080/ws/tts")
    anyio.run(main, sys.argv[1])
