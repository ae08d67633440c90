"""A voice agent of Pipecat without a cloud: its LLM is the test, its transport plays to nobody."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from pipecat.frames.frames import (
    AggregatedTextFrame,
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
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.tts_service import TTSService, WebsocketTTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.utils.text.base_text_aggregator import TextType

from loadtest.pipecat.running import running
from protocol.integrations.pipecat import VoxlineTTSService

RATE_HZ = 24_000
#: Far longer than anything here takes: only a hang gets there.
TIMEOUT_S = 20.0
#: What the transport is given at a time, by Pipecat's default.
PIECE_S = 0.04
#: Nothing that belongs to what was said comes later.
SILENT_S = 0.3

_F = TypeVar("_F", bound=Frame)


class Player(BaseOutputTransport):
    """Plays at the pace of the audio, into a list."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE_HZ))
        self.played: list[tuple[float, bytes]] = []
        self._news = asyncio.Event()
        self._free_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        # As a sound card, it makes up for a wake-up that was late.
        now_s = time.monotonic()
        began_s = self._free_s if now_s < self._free_s + PIECE_S else now_s
        self.played.append((began_s, frame.audio))
        self._free_s = began_s + frame.num_frames / RATE_HZ
        self._news.set()
        await asyncio.sleep(max(0.0, self._free_s - now_s))
        return True

    @property
    def played_s(self) -> float:
        """How much has been played by now, with the piece that is being played."""
        return sum(len(audio) for _, audio in self.played) / 2 / RATE_HZ

    async def until_played(self, duration_s: float) -> None:
        """Wait until so much was played in all."""
        async with asyncio.timeout(TIMEOUT_S):
            while self.played_s < duration_s:
                self._news.clear()
                await self._news.wait()

    async def until_silent(self) -> None:
        """Wait until nothing has been played for a while."""
        await self.until_played(PIECE_S)
        with suppress(TimeoutError):
            while True:
                self._news.clear()
                async with asyncio.timeout(SILENT_S):
                    await self._news.wait()


class Probe(FrameProcessor):
    """Notes what passes, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[tuple[float, Frame]] = []
        self.news = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.passed.append((time.monotonic(), frame))
        self.news.set()
        await self.push_frame(frame, direction)

    def of(self, kind: type[_F]) -> list[_F]:
        return [frame for _, frame in self.passed if isinstance(frame, kind)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what has passed."""
        async with asyncio.timeout(TIMEOUT_S):
            while not holds():
                self.news.clear()
                await self.news.wait()

    async def first(self, kind: type[_F], after: int) -> _F:
        """Wait for the next frame of a kind behind the first `after` frames."""

        def found() -> list[_F]:
            return [frame for _, frame in self.passed[after:] if isinstance(frame, kind)]

        await self.until(lambda: bool(found()))
        return found()[0]


class Agent:
    """The pipeline: service, probe, transport, what the LLM will remember."""

    def __init__(self, service: TTSService) -> None:
        self.service = service
        self.probe, self.above, self.player = Probe(), Probe(), Player()
        self.context = LLMContext()
        self.heard: dict[str, str] = {}
        assistant = LLMContextAggregatorPair(self.context).assistant()
        self.worker = PipelineWorker(
            Pipeline([self.above, service, self.probe, self.player, assistant]),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
            params=PipelineParams(
                audio_out_sample_rate=RATE_HZ, enable_metrics=True, enable_usage_metrics=True
            ),
        )
        self.num_connections = 0
        if isinstance(service, VoxlineTTSService):
            service.add_event_handler("on_heard", self._hear)
        if isinstance(service, VoxlineTTSService | WebsocketTTSService):
            service.add_event_handler("on_connected", self._count)

    async def _hear(self, _: VoxlineTTSService, context_id: str, text: str) -> None:
        self.heard[context_id] = text
        self.probe.news.set()

    async def _count(self, _: TTSService) -> None:
        self.num_connections += 1
        self.probe.news.set()

    @property
    def errors(self) -> list[ErrorFrame]:
        return self.above.of(ErrorFrame)

    async def first_error(self) -> ErrorFrame:
        """Wait for it: errors go up, and what is pushed down after one may pass before it."""
        return await self.above.first(ErrorFrame, after=0)

    @property
    def remembered(self) -> list[str]:
        """What the LLM has been told that it said."""
        messages = [m for m in self.context.get_messages() if isinstance(m, dict)]
        return [str(m.get("content")) for m in messages if m["role"] == "assistant"]

    async def write(self, *words: str, pause_s: float = 0.0) -> None:
        """Let the LLM write a reply, word by word."""
        await self.worker.queue_frame(LLMFullResponseStartFrame())
        for word in words:
            await self.worker.queue_frame(LLMTextFrame(word))
            await asyncio.sleep(pause_s)
        await self.worker.queue_frame(LLMFullResponseEndFrame())

    async def write_around(self, before: str, frame: Frame, after: str) -> None:
        """Let the LLM write two sentences, with a frame of somebody else between them."""
        await self.worker.queue_frame(LLMFullResponseStartFrame())
        await self.worker.queue_frame(AggregatedTextFrame(before, TextType.SENTENCE))
        await self.worker.queue_frame(frame)
        await self.worker.queue_frames([LLMTextFrame(after), LLMFullResponseEndFrame()])

    async def say(self, text: str) -> list[TTSAudioRawFrame]:
        """Let the LLM write a text at once; return its audio, once the service has pushed it."""
        after = len(self.probe.passed)
        await self.write(text)
        stopped = await self.probe.first(TTSStoppedFrame, after)
        return self.audio(stopped.context_id)

    async def begin(self, text: str) -> str:
        """Let the LLM write a text at once; return its context once its first audio has passed."""
        after = len(self.probe.passed)
        await self.write(text)
        frame = await self.probe.first(TTSAudioRawFrame, after)
        return str(frame.context_id)

    async def interrupt(self) -> None:
        """Interrupt, and wait until the interruption has passed the service."""
        after = len(self.probe.passed)
        await self.worker.queue_frame(InterruptionFrame())
        await self.probe.first(InterruptionFrame, after)

    def written_s(self, word: str) -> float:
        """Return when the LLM last wrote a word."""
        return [when for when, f in self.above.passed if getattr(f, "text", None) == word][-1]

    def arrivals(self, context_id: str | None) -> list[tuple[float, TTSAudioRawFrame]]:
        """Return when each audio of a context was pushed."""
        return [
            (when, frame)
            for when, frame in self.probe.passed
            if isinstance(frame, TTSAudioRawFrame) and frame.context_id == context_id
        ]

    def audio(self, context_id: str | None) -> list[TTSAudioRawFrame]:
        return [frame for _, frame in self.arrivals(context_id)]


def samples(frames: list[TTSAudioRawFrame]) -> int:
    """Count the samples."""
    return sum(frame.num_frames for frame in frames)


def assert_nothing_stale(agent: Agent) -> None:
    """Behind an interruption comes no frame of a context that had begun before it."""
    gone: set[str | None] = set()
    begun: set[str | None] = set()
    for _, frame in agent.probe.passed:
        if isinstance(frame, InterruptionFrame):
            gone |= begun
        elif isinstance(frame, TTSAudioRawFrame | TTSTextFrame):
            assert frame.context_id not in gone
            begun.add(frame.context_id)


@asynccontextmanager
async def conversing(service: TTSService) -> AsyncIterator[Agent]:
    """Run the pipeline while the block does."""
    agent = Agent(service)
    async with running(agent.worker):
        yield agent
