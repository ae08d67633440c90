"""A voice agent of Pipecat whose language model is a script, and whose listener is a clock."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.tts_service import TextAggregationMode
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from loadtest.pipecat.running import running
from loadtest.script import Script
from protocol.integrations.pipecat import VoxlineTTSService

RATE_HZ = 24_000
#: Far longer than anything here takes: only a hang gets there.
TIMEOUT_S = 30.0
#: A transport with more to play goes on at once.
IDLE_S = 0.1


class Listener(BaseOutputTransport):
    """Takes audio at the pace in which it plays, as a sound card does."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE_HZ))
        #: When all that it was given is played.
        self.free_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        """Begin to take audio."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Take a piece, for as long as it sounds."""
        now_s = time.monotonic()
        self.free_s = max(self.free_s, now_s) + frame.num_frames / RATE_HZ
        await asyncio.sleep(self.free_s - now_s)
        return True


class Probe(FrameProcessor):
    """Notes what leaves the service, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[tuple[float, Frame]] = []
        self._news = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note a frame, and let it pass."""
        await super().process_frame(frame, direction)
        self.passed.append((time.monotonic(), frame))
        self._news.set()
        await self.push_frame(frame, direction)

    async def first(self, kind: type[Frame], after: int) -> float:
        """Wait for a frame of a kind behind the first `after` frames; return when it passed."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for passed_s, frame in self.passed[after:]:
                    if isinstance(frame, kind):
                        return passed_s
                self._news.clear()
                await self._news.wait()


class Agent:
    """The pipeline. Made by `conversing`."""

    def __init__(self, url: str) -> None:
        self.probe, self.listener = Probe(), Listener()
        service = VoxlineTTSService(url=url, text_aggregation_mode=TextAggregationMode.TOKEN)
        self.worker = PipelineWorker(
            Pipeline([service, self.probe, self.listener]),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
            params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        )

    async def write(self, script: Script) -> float:
        """Write a turn as the script says; return when its first segment was complete."""
        began_s, complete_s = time.monotonic(), 0.0
        await self.worker.queue_frame(LLMFullResponseStartFrame())
        for at_s, word in script.pieces:
            await asyncio.sleep(began_s + at_s - time.monotonic())
            if at_s == script.first_segment_s:
                complete_s = time.monotonic()
            await self.worker.queue_frame(LLMTextFrame(word))
        await self.worker.queue_frame(LLMFullResponseEndFrame())
        return complete_s

    async def spoken(self, after: int) -> list[tuple[float, int]]:
        """Wait for the end of a turn; return when its audio came, and how many samples of it."""
        await self.probe.first(TTSStoppedFrame, after)
        return [(at_s, frame.num_frames) for at_s, frame in self.audio(after)]

    async def heard(self) -> None:
        """Wait until the listener has played all, what the transport had not given it included."""
        while (left_s := self.listener.free_s + IDLE_S - time.monotonic()) > 0:  # noqa: ASYNC110 time
            await asyncio.sleep(left_s)

    async def interrupt(self) -> float:
        """Interrupt; return how long the service took to fall silent."""
        after, began_s = len(self.probe.passed), time.monotonic()
        await self.worker.queue_frame(InterruptionFrame())
        return await self.probe.first(InterruptionFrame, after) - began_s

    def audio(self, after: int) -> list[tuple[float, TTSAudioRawFrame]]:
        """Return the audio behind the first `after` frames, and when it passed."""
        return [
            (at_s, frame)
            for at_s, frame in self.probe.passed[after:]
            if isinstance(frame, TTSAudioRawFrame)
        ]

    @property
    def num_errors(self) -> int:
        """Count what went wrong."""
        return sum(isinstance(frame, ErrorFrame) for _, frame in self.probe.passed)


@asynccontextmanager
async def conversing(url: str) -> AsyncIterator[Agent]:
    """Run the pipeline while the block does."""
    agent = Agent(url)
    async with running(agent.worker):
        yield agent
