"""A Pipecat agent that needs no cloud: its language model is a script, its caller interrupts it.

It writes what the caller hears to `agent.wav`, and prints what the model's context holds in the
end: of an interrupted reply, what was heard of it. Run it against a server:
python -m examples.pipecat_agent ws://127.0.0.1:8080/ws/tts
"""

import asyncio
import sys
import time
import wave
from collections.abc import Iterator

from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.tts_service import TextAggregationMode
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from protocol.integrations.pipecat import VoxlineTTSService

REPLIES = (
    "Your parcel left the depot this morning. It should be with you before noon tomorrow.",
    "Of course. What is the new address?",
)
WORDS_PER_S = 12
#: The caller talks over the first reply after this long: in the middle of "morning".
INTERRUPTED_AFTER_S = 2.3
RATE_HZ = 24_000


class ScriptedLLM(FrameProcessor):
    """Answers every transcript with the next reply, word by word."""

    def __init__(self, replies: Iterator[str]) -> None:
        super().__init__()
        self._replies = replies

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Write a reply; Pipecat cancels this where the caller interrupts."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, TranscriptionFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for word in next(self._replies).split():
            await self.push_frame(LLMTextFrame(f"{word} "))
            await asyncio.sleep(1 / WORDS_PER_S)
        await self.push_frame(LLMFullResponseEndFrame())


class Recorder(BaseOutputTransport):
    """A caller's ear: takes audio at the pace in which it plays, and keeps it."""

    def __init__(self, path: str) -> None:
        super().__init__(TransportParams(audio_out_enabled=True))
        self._file = wave.open(path, "wb")  # noqa: SIM115 closed in `cleanup`
        self._file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        self._free_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        """Begin to take audio."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Keep a piece of audio, for as long as it sounds."""
        self._file.writeframes(frame.audio)
        self._free_s = max(self._free_s, time.monotonic()) + frame.num_frames / RATE_HZ
        await asyncio.sleep(self._free_s - time.monotonic())
        return True

    async def cleanup(self) -> None:
        """Close the file."""
        await super().cleanup()
        self._file.close()


async def main(url: str) -> None:
    """Reply, be interrupted, reply again, and tell what the model will remember."""
    context = LLMContext()
    tts = VoxlineTTSService(url=url, text_aggregation_mode=TextAggregationMode.TOKEN)
    assistant = LLMContextAggregatorPair(context).assistant()
    worker = PipelineWorker(
        Pipeline([ScriptedLLM(iter(REPLIES)), tts, Recorder("agent.wav"), assistant]),
        params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        enable_rtvi=False,
    )
    is_silent = asyncio.Event()

    @worker.event_handler("on_frame_reached_upstream")
    async def note_silence(_: PipelineWorker, __: Frame) -> None:
        is_silent.set()

    @tts.event_handler("on_heard")
    async def tell(_: VoxlineTTSService, __: str, text: str) -> None:
        print(f"heard: {text!r}")

    async def call() -> None:
        await worker.queue_frame(_said("Where is my parcel?"))
        await asyncio.sleep(INTERRUPTED_AFTER_S)
        await worker.queue_frames([InterruptionFrame(), _said("Please change the address.")])
        for _ in REPLIES:
            is_silent.clear()
            await is_silent.wait()
        await worker.queue_frame(EndFrame())

    worker.set_reached_upstream_filter((BotStoppedSpeakingFrame,))
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), call())
    for message in context.get_messages():
        print(f"{message['role']}: {message['content']}")


def _said(text: str) -> TranscriptionFrame:
    return TranscriptionFrame(text, user_id="caller", timestamp="")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 the program and its URL
        sys.exit("usage: python -m examples.pipecat_agent ws://127.0.0.1:8080/ws/tts")
    asyncio.run(main(sys.argv[1]))
