# ruff: noqa: TID252 - the same files are installed under another name
"""When what belongs to a reply passes the transport: as it is played."""

from typing import Any, TypeAlias

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    LLMAssistantPushAggregationFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.utils.time import nanoseconds_to_seconds, seconds_to_nanoseconds

from ..conversation import Conversation
from .linked import LinkedTTSService

#: What the transport passes by the clock, in this order: how a reply begins, goes on and ends.
TIMED = (TTSStartedFrame, TTSTextFrame, LLMAssistantPushAggregationFrame)
#: So much later a frame is behind another for certain, though its time was rounded.
TICK_S = 1e-6

#: A word, and the seconds of its context's audio before it.
WordTime: TypeAlias = tuple[str, float]


class TimedTTSService(LinkedTTSService):
    """Follows what the transport plays, and times by it what goes by the clock."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 as Pipecat's
        """Begin without a speech.

        Args:
            **kwargs: Those of `LinkedTTSService`.
        """
        super().__init__(**kwargs)
        self._conversation = Conversation(1, self._now_s)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override] # as Pipecat
        """Set up the service for the rate of its pipeline.

        Args:
            setup: Configuration object containing setup parameters.
        """
        await super().setup(setup)
        self._conversation = Conversation(self.sample_rate, self._now_s)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Process a frame, and follow whether the transport speaks.

        Args:
            frame: The frame to process.
            direction: The direction of frame processing.
        """
        if isinstance(frame, BotStartedSpeakingFrame):
            self._conversation.transport_started()
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._conversation.transport_stopped()
        await super().process_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, and count the audio that the transport is given.

        Args:
            frame: The frame to push.
            direction: The direction to push the frame.
        """
        timed = self._word_timestamp_tracker
        if isinstance(frame, TTSAudioRawFrame):
            self._conversation.push(frame.context_id, frame.num_frames)
        elif isinstance(frame, TTSStartedFrame):
            # By the clock, as its words: behind the audio before it, it would come after the first,
            # and whoever collects a reply would see a short one end before it began.
            plays_at_s = self._conversation.plays_at_s(frame.context_id or "", 0.0)
            frame.pts = max(timed.last_pts, seconds_to_nanoseconds(plays_at_s))
        if isinstance(frame, TIMED) and frame.pts:
            # Pipecat forgets the words that waited for their sentence to be written, and would end
            # the reply before they are heard.
            timed.last_pts = max(timed.last_pts, frame.pts)
        await super().push_frame(frame, direction)

    async def _add_word_timestamps(
        self,
        word_times: list[WordTime],
        context_id: str | None = None,
        includes_inter_frame_spaces: bool = False,
    ) -> None:
        # Pipecat counts from the moment in which a context's first audio is pushed. It plays later
        # where another is still playing, or where the text was slow: words are heard when they are.
        if (
            context_id
            and self._conversation.get(context_id)
            and self._word_timestamp_tracker.started
        ):
            began_s = nanoseconds_to_seconds(self._word_timestamp_tracker.pts(0.0))
            after_s = nanoseconds_to_seconds(self._word_timestamp_tracker.last_pts) + TICK_S
            word_times = [
                (word, max(self._conversation.plays_at_s(context_id, at_s), after_s) - began_s)
                for word, at_s in word_times
            ]
        await super()._add_word_timestamps(word_times, context_id, includes_inter_frame_spaces)

    def _now_s(self) -> float:
        return float(nanoseconds_to_seconds(self.get_clock().get_time()))
