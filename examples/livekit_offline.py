"""A call to the agent of `livekit_agent.py` that needs no cloud, and no room.

Its language model is a script, its caller is one, and talks over the first reply. What the caller
hears is in `agent.wav`. What LiveKit remembers of an interrupted reply is what was written of it:
only a room knows how much was heard. Run it against a server:
python -m examples.livekit_offline http://127.0.0.1:8080
"""

import asyncio
import sys
import time
import wave
from collections.abc import Iterator
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.utils import http_context
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities

from examples.livekit_agent import ParcelDesk, voice

REPLIES = (
    "Your parcel left the depot this morning. It should be with you before noon tomorrow.",
    "Of course. What is the new address?",
)
WORDS_PER_S = 12
#: The caller talks over the first reply after this long.
INTERRUPTED_AFTER_S = 1.5
RATE_HZ = 24_000


class ScriptedLLM(llm.LLM):
    """Answers whatever is said with the next reply."""

    def __init__(self, replies: Iterator[str]) -> None:
        super().__init__()
        self._replies = replies

    def chat(self, *, chat_ctx: llm.ChatContext, **options: Any) -> llm.LLMStream:  # noqa: ANN401 LiveKit's
        """Begin the next reply."""
        return ScriptedReply(next(self._replies), self, chat_ctx, options["conn_options"])


class ScriptedReply(llm.LLMStream):
    """Writes a reply, word by word."""

    def __init__(self, text: str, model: llm.LLM, context: llm.ChatContext, options: Any) -> None:  # noqa: ANN401 LiveKit's
        super().__init__(model, chat_ctx=context, tools=[], conn_options=options)
        self._text = text

    async def _run(self) -> None:
        for word in self._text.split():
            delta = llm.ChoiceDelta(role="assistant", content=f"{word} ")
            self._event_ch.send_nowait(llm.ChatChunk(id="scripted", delta=delta))
            await asyncio.sleep(1 / WORDS_PER_S)


class Recorder(AudioOutput):
    """A caller's ear: takes audio at the pace in which it plays, and keeps it."""

    def __init__(self, file: wave.Wave_write) -> None:
        super().__init__(
            label="recorder",
            capabilities=AudioOutputCapabilities(pause=False),
            sample_rate=RATE_HZ,
        )
        self._file = file
        self._file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        self._free_s = 0.0
        self._played_s = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Keep a piece of audio, for as long as it sounds."""
        await super().capture_frame(frame)
        if not self._played_s:
            self.on_playback_started(created_at=time.time())
        self._file.writeframes(bytes(frame.data))
        self._played_s += frame.duration
        self._free_s = max(self._free_s, time.monotonic()) + frame.duration
        await asyncio.sleep(self._free_s - time.monotonic())

    def flush(self) -> None:
        """End a reply, unless it turns out that it was cut."""
        super().flush()
        asyncio.get_running_loop().call_soon(self._finish, False)

    def clear_buffer(self) -> None:
        """End a reply that was cut: nothing waits here."""
        self._finish(was_cut=True)

    def _finish(self, was_cut: bool) -> None:
        played_s, self._played_s = self._played_s, 0.0
        if played_s:
            self.on_playback_finished(playback_position=played_s, interrupted=was_cut)


async def call(url: str) -> None:
    """Ask, talk over the reply, hear the next one to its end, and tell what was said."""
    with wave.open("agent.wav", "wb") as file:
        async with http_context.open():
            # The caller is no sound: nobody needs to find out when it speaks.
            session = AgentSession(
                llm=ScriptedLLM(iter(REPLIES)),
                tts=voice(url),
                vad=None,
                turn_handling={
                    "turn_detection": None,
                    "interruption": {"resume_false_interruption": False},
                },
            )
            session.output.audio = Recorder(file)
            await session.start(ParcelDesk())
            await session.current_speech
            reply = session.generate_reply(user_input="Where is my parcel?")
            await asyncio.sleep(INTERRUPTED_AFTER_S)
            await session.interrupt()
            print(f"interrupted: {reply.interrupted}")
            await session.generate_reply(user_input="Please change the address.")
            for message in session.history.messages():
                print(f"{message.role}: {message.text_content}")
            await session.aclose()


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 the program and its URL
        sys.exit("usage: python -m examples.livekit_offline http://127.0.0.1:8080")
    asyncio.run(call(sys.argv[1]))
