# ruff: noqa: TID252 - the same files are installed under another name
"""Speeches as Pipecat's audio contexts: their audio, their words, and how they end."""

from functools import partial
from typing import Any, TypeAlias

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    LLMAssistantPushAggregationFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.utils.time import nanoseconds_to_seconds, seconds_to_nanoseconds

from ...client import ClientError, ConnectFailed, StreamOptions
from ...errors import LocalProtocolError
from ...messages import Audio, Mark
from ..conversation import Conversation
from ..speech import Speech
from ..words import TimedText, Words
from .linked import LinkedTTSService

#: One channel: Voxline speaks mono.
CHANNELS = 1
#: What is played of a text without a sound, as "..." is: Pipecat takes a context without audio for
#: an error, and three in a row for the end of the service. Too short to be heard.
SILENCE_S = 0.01
#: What the transport passes by the clock, in this order: how a reply begins, goes on and ends.
TIMED = (TTSStartedFrame, TTSTextFrame, LLMAssistantPushAggregationFrame)
#: So much later a frame is behind another for certain, though its time was rounded.
TICK_S = 1e-6

#: A word, and the seconds of its context's audio before it.
WordTime: TypeAlias = tuple[str, float]


class SpeakingTTSService(LinkedTTSService):
    """Gives each audio context a speech, and follows what of it is played.

    Event handlers:
        on_heard: Called when a context is over, with its ID and the text of it that was heard.
    """

    def __init__(self, *, window_s: float, **kwargs: Any) -> None:  # noqa: ANN401 as Pipecat's
        """Take how far ahead of the listener audio is made.

        Args:
            window_s: Seconds of audio.
            **kwargs: Those of `LinkedTTSService`.
        """
        super().__init__(**kwargs)
        self._window_s = window_s
        self._conversation = Conversation(1, self._now_s)
        self._register_event_handler("on_heard")

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

    def _begin(self, context_id: str, options: StreamOptions) -> Speech:
        """Begin to speak in a context, in tasks of its own."""
        self._connect()
        speech = Speech(self._link, options, self._window_s)
        may_be_cut = self._tts_contexts[context_id].interruptible
        self._conversation.add(context_id, speech, may_be_cut=may_be_cut)
        self._spawn(self._speak(context_id, speech), f"speak {context_id}")
        self._spawn(self._follow(context_id, speech), f"follow {context_id}")
        return speech

    async def _speak(self, context_id: str, speech: Speech) -> None:
        if not await self._conversation.wait_turn(context_id):
            return
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
        except ConnectFailed:
            # Whoever keeps the connection says so, once.
            pass
        except (ClientError, LocalProtocolError) as error:
            await self.push_error(str(error), exception=error)
        if self.audio_context_available(context_id):
            if speech.is_silent:
                await self._append_silence(context_id)
            await self._tell(context_id, speech, words.finish(speech.samples))
            await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
            await self.remove_audio_context(context_id)

    async def _append_silence(self, context_id: str) -> None:
        pcm = bytes(2 * CHANNELS * round(SILENCE_S * self.sample_rate))
        frame = TTSAudioRawFrame(pcm, self.sample_rate, CHANNELS, context_id=context_id)
        await self.append_to_audio_context(context_id, frame)

    async def _tell(self, context_id: str, speech: Speech, spoken: TimedText | None) -> None:
        if spoken is not None:
            at_s = spoken.at / self.sample_rate
            words = speech.text[spoken.start : spoken.end].split()
            await self.add_word_timestamps([(word, at_s) for word in words], context_id)

    async def _follow(self, context_id: str, speech: Speech) -> None:
        # Whoever waits has nothing to follow: many of them would keep the loop busy.
        await self._conversation.wait_turn(context_id)
        lives = partial(self._keep_alive, context_id)
        if await self._conversation.follow(context_id, speech, lives):
            heard = speech.heard(speech.samples)
            await self._call_event_handler("on_heard", context_id, speech.text[:heard])

    def _keep_alive(self, context_id: str) -> None:
        # Pipecat ends a context that plays and has no audio for a while, though its writer pauses.
        if context_id == self.get_active_audio_context_id():
            self._refresh_audio_context(context_id)

    def _silence(self, context_id: str) -> None:
        """Have the rest of a context thrown away, unless it may not be interrupted."""
        cut = self._conversation.cut(context_id)
        if cut is not None:
            self._spawn(self._cancel_speech(context_id, *cut), f"cancel {context_id}")

    async def _cancel_speech(self, context_id: str, speech: Speech, played: int) -> None:
        heard = await speech.cancel(played)
        await self._call_event_handler("on_heard", context_id, speech.text[:heard])

    def _now_s(self) -> float:
        return float(nanoseconds_to_seconds(self.get_clock().get_time()))
