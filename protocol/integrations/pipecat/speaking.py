# ruff: noqa: TID252 - the same files are installed under another name
"""Speeches as Pipecat's audio contexts: their audio, their words, and how they end."""

from typing import Any

from pipecat.frames.frames import TTSAudioRawFrame, TTSStoppedFrame

from ...client import ClientError, ConnectFailed, StreamOptions
from ...errors import LocalProtocolError
from ...messages import Audio, Mark
from ..speech import Speech
from ..words import TimedText, Words
from .timed import TimedTTSService

#: One channel: Voxline speaks mono.
CHANNELS = 1
#: What is played of a text without a sound, as "..." is: Pipecat takes a context without audio for
#: an error, and three in a row for the end of the service. Too short to be heard.
SILENCE_S = 0.01


class SpeakingTTSService(TimedTTSService):
    """Gives each audio context a speech, and follows what of it is played.

    Event handlers:
        on_heard: Called when a context is over, with its ID and the text of it that was heard.
    """

    def __init__(self, *, window_s: float, **kwargs: Any) -> None:  # noqa: ANN401 as Pipecat's
        """Take how far ahead of the listener audio is made.

        Args:
            window_s: Seconds of audio.
            **kwargs: Those of `TimedTTSService`.
        """
        super().__init__(**kwargs)
        self._window_s = window_s
        self._register_event_handler("on_heard")

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
        if await self._conversation.wait_turn(context_id):
            await self._make(context_id, speech)

    async def _make(self, context_id: str, speech: Speech) -> None:
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
            await self._finish(context_id, speech, words)

    async def _finish(self, context_id: str, speech: Speech, words: Words) -> None:
        if speech.is_silent:
            pcm = bytes(2 * CHANNELS * round(SILENCE_S * self.sample_rate))
            frame = TTSAudioRawFrame(pcm, self.sample_rate, CHANNELS, context_id=context_id)
            await self.append_to_audio_context(context_id, frame)
        await self._tell(context_id, speech, words.finish(speech.samples))
        await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
        await self.remove_audio_context(context_id)

    async def _tell(self, context_id: str, speech: Speech, spoken: TimedText | None) -> None:
        if spoken is not None:
            at_s = spoken.at / self.sample_rate
            words = speech.text[spoken.start : spoken.end].split()
            await self.add_word_timestamps([(word, at_s) for word in words], context_id)

    async def _follow(self, context_id: str, speech: Speech) -> None:
        # Whoever waits has nothing to follow: many of them would keep the loop busy.
        await self._conversation.wait_turn(context_id)
        if await self._conversation.follow(context_id, speech, self._keep_alive):
            heard = speech.heard(speech.samples)
            await self._call_event_handler("on_heard", context_id, speech.text[:heard])

    def _keep_alive(self) -> None:
        # Pipecat ends the context whose turn it is when that has no audio for a while. But its
        # writer may pause for longer, or it is not made before what the transport has was played.
        active = self.get_active_audio_context_id()
        if active is not None and self._conversation.get(active):
            self._refresh_audio_context(active)

    def _silence(self, context_id: str) -> None:
        """Have the rest of a context thrown away, unless it may not be interrupted."""
        cut = self._conversation.cut(context_id)
        if cut is not None:
            self._spawn(self._cancel_speech(context_id, *cut), f"cancel {context_id}")

    async def _cancel_speech(self, context_id: str, speech: Speech, played: int) -> None:
        heard = await speech.cancel(played)
        await self._call_event_handler("on_heard", context_id, speech.text[:heard])
