"""A service of Pipecat that speaks through Voxline."""

from collections.abc import AsyncGenerator, Mapping
from ssl import SSLContext
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.transcriptions.language import Language
from pipecat.utils.tracing.service_decorators import traced_tts

from .settings import VoxlineTTSSettings
from .speaking import SpeakingTTSService

#: Audio made ahead of the listener, and so what an interruption wastes at most.
WINDOW_S = 1.5


class VoxlineTTSService(SpeakingTTSService):
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
            url=url,
            headers=headers,
            ssl=ssl,
            window_s=window_s,
            **kwargs,
        )

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

    async def stop(self, frame: EndFrame) -> None:
        """Say what there is to say, then leave.

        Args:
            frame: The end frame.
        """
        for context_id in self._conversation:
            await self.flush_audio(context_id)
        await super().stop(frame)

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Hand `text` to the stream of its context; the audio comes on a task of its own.

        Args:
            text: The text to speak, verbatim.
            context_id: The context it belongs to.

        Yields:
            Nothing but `None`.
        """
        speech = self._conversation.get(context_id)
        if speech is None:
            await self._conversation.wait_room()
            speech = self._begin(context_id, self._settings.stream_options(self.sample_rate))
        speech.say(text, flush=not self._is_streaming_tokens)
        if context_id != self._turn_context_id:
            # Of no turn, and so nobody tells its end: what comes next has another context.
            speech.end()
        await self.start_tts_usage_metrics(text)
        yield None

    async def flush_audio(self, context_id: str | None = None) -> None:
        """End the text of a context: all of it will be spoken.

        Args:
            context_id: The context, by default the one that plays.
        """
        speech = self._conversation.get(context_id or self.get_active_audio_context_id())
        if speech is not None:
            speech.end()

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Measure nothing more of a context.

        Args:
            context_id: The context that was interrupted.
        """
        await self.stop_all_metrics()
        await super().on_audio_context_interrupted(context_id)

    async def _handle_interruption(
        self, frame: InterruptionFrame, direction: FrameDirection
    ) -> None:
        # All at once: of those that wait, none begins because another before it is gone. Of some
        # the transport has all the audio already, and throws away what it has not played.
        for context_id in self._conversation:
            self._silence(context_id)
        await super()._handle_interruption(frame, direction)

    async def _update_settings(self, delta: TTSSettings) -> dict[str, Any]:  # type: ignore[override] # as Pipecat
        """Apply a settings delta: to whatever of the turn has no stream yet.

        Args:
            delta: What changes.

        Returns:
            The fields that changed, with their previous values.
        """
        changed: dict[str, Any] = await super()._update_settings(delta)
        self._warn_unhandled_updated_settings(changed.keys() & {"model"})
        context_id = self._turn_context_id
        if changed.keys() - {"model"} and context_id and self._conversation.get(context_id):
            await self._turn_to_new_context(context_id)
        return changed

    async def _turn_to_new_context(self, context_id: str) -> None:
        frames = await self._aggregated_frame_sequencer.finalize(context_id)
        await self._push_sequencer_frames(frames, context_id)
        await self.flush_audio(context_id)
        self._turn_context_id = None
        self._turn_context_id = self.create_context_id()
