# ruff: noqa: TID252 - the same files are installed under another name
"""A service of Pipecat that speaks through Voxline."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from ssl import SSLContext
from typing import Any, TypeAlias

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.time import nanoseconds_to_seconds
from pipecat.utils.tracing.service_decorators import traced_tts

from ...client import ClientConnection, ClientError, ConnectFailed, ConnectionLost, connect
from ...errors import LocalProtocolError
from ...messages import Audio, Mark
from ..link import Link
from ..playout import Playout
from ..speech import Speech
from ..words import TimedText, Words
from .failures import category
from .settings import VoxlineTTSSettings

#: Audio made ahead of the listener, and so what an interruption wastes at most.
WINDOW_S = 1.5
#: How often the server is told what was played: many times within the half of a window after which
#: credit is granted anew.
REPORT_S = 0.1
#: One channel: Voxline speaks mono.
CHANNELS = 1

#: A word, and the seconds of its context's audio before it.
WordTime: TypeAlias = tuple[str, float]


class VoxlineTTSService(TTSService):
    """Text to speech by a Voxline server, over one WebSocket for the whole call.

    Each of Pipecat's audio contexts is a stream of the wire `voxline.v1`. An interruption cancels
    the stream, and the connection stays. Where it is lost, the next one speaks the rest.

    Event handlers:
        on_connected: Called when connected.
        on_disconnected: Called when a connection was lost, or left.
        on_connection_error: Called with what went wrong with a connection.
        on_heard: Called when a context is over, with its ID and the text of it that was heard.

    Example::

        tts = VoxlineTTSService(
            url="ws://127.0.0.1:8080/ws/tts",
            settings=VoxlineTTSService.Settings(voice="en-us", speed=1.1),
            text_aggregation_mode=TextAggregationMode.TOKEN,
        )

        @tts.event_handler("on_heard")
        async def on_heard(tts: VoxlineTTSService, context_id: str, text: str):
            logger.info(f"they heard: {text}")
    """

    Settings = VoxlineTTSSettings
    _settings: VoxlineTTSSettings

    def __init__(
        self,
        *,
        url: str,
        headers: Mapping[str, str] | None = None,
        ssl: SSLContext | None = None,
        window_s: float = WINDOW_S,
        settings: VoxlineTTSSettings | None = None,
        **kwargs: Any,  # noqa: ANN401, those of Pipecat's service
    ) -> None:
        """Make a service; it connects when the pipeline is set up.

        Args:
            url: The whole URL, `ws://` or `wss://`, with its path.
            headers: More headers of the upgrade, such as `Authorization`.
            ssl: How to verify a `wss` server, by default against the usual authorities.
            window_s: Seconds of audio made ahead of the listener.
            settings: What is given here of `VoxlineTTSService.Settings` is not the server's choice.
            **kwargs: `text_aggregation_mode`, `sample_rate` and others of `TTSService`.
        """
        store = VoxlineTTSSettings.defaults()
        if settings is not None:
            store.apply_update(settings)
        # Sentences are joined as they are written; with tokens comes whatever is between them.
        super().__init__(
            push_start_frame=True,
            push_text_frames=False,
            append_trailing_space=True,
            settings=store,
            **kwargs,
        )
        self._url, self._headers, self._ssl = url, headers, ssl
        self._window_s = window_s
        self._link = self._new_link()
        self._link_task: asyncio.Task[None] | None = None
        self._playout = Playout(1)
        self._speeches: dict[str, Speech] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._register_event_handler("on_heard")

    @property
    def supports_processing_metrics(self) -> bool:
        """No: `run_tts` hands the text over, and the audio comes later."""
        return False

    def can_generate_metrics(self) -> bool:
        """Yes: time to first byte, and usage."""
        return True

    def language_to_service_language(self, language: Language) -> str:
        """Return the BCP 47 tag, which Voxline takes as it is."""
        return str(language.value)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Set up the service, and begin to connect.

        Args:
            setup: Configuration object containing setup parameters.
        """
        await super().setup(setup)
        self._playout = Playout(self.sample_rate)
        self._connect()

    async def stop(self, frame: EndFrame) -> None:
        """Say what there is to say, then leave.

        Args:
            frame: The end frame.
        """
        for speech in self._speeches.values():
            speech.end()
        await super().stop(frame)
        await self._disconnect()

    async def cancel(self, frame: CancelFrame) -> None:
        """Leave at once.

        Args:
            frame: The cancel frame.
        """
        await super().cancel(frame)
        await self._disconnect()

    async def cleanup(self) -> None:
        """Release the connection at teardown."""
        await super().cleanup()
        await self._disconnect()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Process a frame, and follow whether the transport speaks.

        Args:
            frame: The frame to process.
            direction: The direction of frame processing.
        """
        if isinstance(frame, BotStartedSpeakingFrame):
            self._playout.started(self._now_s())
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._playout.stopped(self._now_s())
        await super().process_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, and count the audio that the transport is given.

        Args:
            frame: The frame to push.
            direction: The direction to push the frame.
        """
        if isinstance(frame, TTSAudioRawFrame) and frame.context_id in self._speeches:
            self._playout.push(frame.context_id, frame.num_frames, self._now_s())
        elif isinstance(frame, TTSTextFrame) and frame.pts:
            # Pipecat forgets the words that waited for their sentence to be written, and would end
            # the reply before they are heard.
            last_pts = max(self._word_timestamp_tracker.last_pts, frame.pts)
            self._word_timestamp_tracker.last_pts = last_pts
        await super().push_frame(frame, direction)

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Hand `text` to the stream of its context; the audio comes on a task of its own.

        Args:
            text: The text to speak, verbatim.
            context_id: The context it belongs to.

        Yields:
            Nothing but `None`.
        """
        speech = self._speeches.get(context_id) or self._begin(context_id)
        speech.say(text, flush=not self._is_streaming_tokens)
        await self.start_tts_usage_metrics(text)
        yield None

    async def flush_audio(self, context_id: str | None = None) -> None:
        """End the text of a context: all of it will be spoken.

        Args:
            context_id: The context, by default the one that plays.
        """
        speech = self._speeches.get(context_id or self.get_active_audio_context_id() or "")
        if speech is not None:
            speech.end()

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Fall silent: cancel the stream, and keep the connection.

        Args:
            context_id: The context that was interrupted.
        """
        await self.stop_all_metrics()
        self._silence(context_id)
        await super().on_audio_context_interrupted(context_id)

    async def _handle_interruption(
        self, frame: InterruptionFrame, direction: FrameDirection
    ) -> None:
        # Of these the transport has all the audio, and throws away what it has not played.
        for context_id in [c for c in self._speeches if not self.audio_context_available(c)]:
            self._silence(context_id)
        await super()._handle_interruption(frame, direction)

    async def _update_settings(self, delta: VoxlineTTSSettings) -> dict[str, Any]:
        """Apply a settings delta: to whatever of the turn has no stream yet.

        Args:
            delta: What changes.

        Returns:
            The fields that changed, with their previous values.
        """
        changed: dict[str, Any] = await super()._update_settings(delta)
        self._warn_unhandled_updated_settings(changed.keys() & {"model"})
        if changed.keys() - {"model"} and self._turn_context_id in self._speeches:
            await self._turn_to_new_context(self._turn_context_id)
        return changed

    async def _turn_to_new_context(self, context_id: str) -> None:
        frames = await self._aggregated_frame_sequencer.finalize(context_id)
        await self._push_sequencer_frames(frames, context_id)
        self._speeches[context_id].end()
        self._turn_context_id = None
        self._turn_context_id = self.create_context_id()

    async def _add_word_timestamps(
        self,
        word_times: list[WordTime],
        context_id: str | None = None,
        includes_inter_frame_spaces: bool = False,
    ) -> None:
        # Pipecat counts from the moment in which a context's first audio is pushed. It plays later
        # where another is still playing, or where the text was slow: words are heard when they are.
        if context_id in self._speeches and self._word_timestamp_tracker.started:
            word_times = [(word, self._due_s(context_id, at_s)) for word, at_s in word_times]
        await super()._add_word_timestamps(word_times, context_id, includes_inter_frame_spaces)

    def _due_s(self, context_id: str, at_s: float) -> float:
        at, now_s = round(at_s * self.sample_rate), self._now_s()
        began_s = nanoseconds_to_seconds(self._word_timestamp_tracker.pts(0.0))
        return now_s + self._playout.delay_s(context_id, at, now_s) - began_s

    def _begin(self, context_id: str) -> Speech:
        self._connect()
        options = self._settings.stream_options(self.sample_rate)
        speech = Speech(self._link, options, self._window_s)
        self._speeches[context_id] = speech
        self._spawn(self._speak(context_id, speech), f"speak {context_id}")
        self._spawn(self._follow(context_id, speech), f"follow {context_id}")
        return speech

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self.create_task(work, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _speak(self, context_id: str, speech: Speech) -> None:
        words = Words()

        async def take(event: Audio | Mark) -> None:
            if not self.audio_context_available(context_id):
                return
            if isinstance(event, Mark):
                await self._tell(context_id, speech, words.take(event))
                return
            frame = TTSAudioRawFrame(event.pcm, self.sample_rate, CHANNELS, context_id=context_id)
            await self.append_to_audio_context(context_id, frame)

        try:
            await speech.run(take)
        except (ClientError, LocalProtocolError) as error:
            await self.push_error(str(error), exception=error)
        if self.audio_context_available(context_id):
            await self._tell(context_id, speech, words.finish(speech.samples))
            await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
            await self.remove_audio_context(context_id)

    async def _tell(self, context_id: str, speech: Speech, spoken: TimedText | None) -> None:
        if spoken is not None:
            at_s = spoken.at / self.sample_rate
            words = speech.text[spoken.start : spoken.end].split()
            await self.add_word_timestamps([(word, at_s) for word in words], context_id)

    async def _follow(self, context_id: str, speech: Speech) -> None:
        played = 0
        while not speech.is_over or played < speech.samples:
            await asyncio.sleep(REPORT_S)
            if self._speeches.get(context_id) is not speech:
                return
            played = self._playout.played(context_id, self._now_s())
            speech.report_played(played)
            # A stream that lives may pause for longer than Pipecat waits for audio.
            self._refresh_audio_context(context_id)
        self._forget(context_id)
        await self._call_event_handler("on_heard", context_id, speech.text)

    def _silence(self, context_id: str) -> None:
        speech = self._speeches.get(context_id)
        if speech is not None:
            played = self._playout.played(context_id, self._now_s())
            self._forget(context_id)
            self._spawn(self._cancel_speech(context_id, speech, played), f"cancel {context_id}")

    async def _cancel_speech(self, context_id: str, speech: Speech, played: int) -> None:
        heard = await speech.cancel(played)
        await self._call_event_handler("on_heard", context_id, speech.text[:heard])

    def _forget(self, context_id: str) -> None:
        self._playout.forget(context_id)
        del self._speeches[context_id]

    def _now_s(self) -> float:
        return float(nanoseconds_to_seconds(self.get_clock().get_time()))

    def _new_link(self) -> Link:
        async def connected() -> None:
            await self._call_event_handler("on_connected")

        async def failed(error: ConnectFailed | ConnectionLost) -> None:
            await self._call_event_handler("on_connection_error", str(error))

        def dial() -> AbstractAsyncContextManager[ClientConnection]:
            return connect(self._url, headers=self._headers, ssl=self._ssl)

        return Link(dial, connected=connected, failed=failed)

    def _connect(self) -> None:
        if self._link_task is None or self._link_task.done():
            self._link = self._new_link()
            self._link_task = self.create_task(self._keep_link(), "link")

    async def _keep_link(self) -> None:
        failure = await self._link.run()
        await self.push_error(str(failure), exception=failure, force_treat_as_permanent=True)

    def _classify_error(self, exception: BaseException) -> ErrorCategory | None:
        return category(exception)

    async def _disconnect(self) -> None:
        for task in tuple(self._tasks):
            await self.cancel_task(task)
        if self._link_task is not None:
            await self.cancel_task(self._link_task)
            self._link_task = None
            await self._call_event_handler("on_disconnected")
