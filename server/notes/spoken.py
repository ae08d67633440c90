"""What a note says, as samples: a text, or passages that differ in how they are said."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import groupby
from typing import Protocol, TypeAlias

import numpy as np
from anyio import to_thread

from engine.steps import Pcm
from server.audio.path import AudioPath
from server.notes.passages import Passage
from server.notes.request import NoteRequest
from server.parameters import Speech
from server.pulled_stream import PulledStream
from server.service import Service
from server.stream_events import AudioPiece, FlushReached

#: Silence is sent in pieces as long as this, lest a long one be in memory as a whole.
_SILENCE_PIECE_S = 1
#: Samples that are resampled within a fraction of a millisecond; more would keep calls waiting.
_SOON_FED = 1 << 14
_NOTHING: Pcm = np.zeros(0, np.int16)
#: Raises RequestError: `unsupported`, `overloaded` or `engine_failed`.
OpenStream: TypeAlias = Callable[[Service, Speech], PulledStream]


class Spoken(Protocol):
    """A note being spoken. Leave it with `close`, however it ends."""

    def pcm(self) -> AsyncGenerator[Pcm, None]:
        """Yield mono samples (n,), n > 0, at the note's rate, up to the end.

        Raises:
            RequestError: it failed on its way.
        """
        ...

    def close(self, outcome: str) -> None:
        """Give up what is not made yet; `outcome` says why, for the record."""
        ...


class SpokenText:
    """A plain text: one stream from its first word to its last."""

    def __init__(
        self, service: Service, request: NoteRequest, speech: Speech, open_stream: OpenStream
    ) -> None:
        """Open that of `request`, whose reply hears of all that is told of it.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        self._stream = open_stream(service, speech)
        self._hear = request.reply.hear
        self._silence: Pcm = np.zeros(round(request.silence_s * speech.sample_rate_hz), np.int16)
        self._stream.append(request.text)
        self._stream.end()

    def close(self, outcome: str) -> None:
        """Do as `Spoken` says."""
        self._stream.cancel(outcome)

    async def pcm(self) -> AsyncGenerator[Pcm, None]:
        """Do as `Spoken` says."""
        is_heard = False
        async with aclosing(self._stream.events()) as events:
            async for event in events:
                self._hear(event)
                if isinstance(event, AudioPiece):
                    is_heard = True
                    yield event.pcm
        if not is_heard and self._silence.size:
            self._hear(AudioPiece(0, self._silence))
            yield self._silence


class SpokenScript:
    """Passages, each followed by silence.

    Those that the model speaks alike are one stream, with a flush behind each, so that it goes on
    in the same voice: one that draws its voice has neither speed nor pitch, so that all are alike
    to it. What else they differ in is done to their samples afterwards, passage by passage: n of
    them become `round(n * sample_rate_hz / model_rate_hz / stretch)`.
    """

    def __init__(
        self,
        service: Service,
        passages: Sequence[Passage],
        speech: Speech,
        open_stream: OpenStream,
    ) -> None:
        """Open the first stream; `speech` has the voice for all of them.

        Raises:
            RequestError: `overloaded` or `engine_failed`.
        """
        self._service = service
        self._speech = speech
        self._open_stream = open_stream
        self._runs = [list(run) for _, run in groupby(passages, _speed_and_pitch)]
        self._stream = self._opened(self._runs[0])
        #: The model ended before the text did; so ends the note, as one of plain text does.
        self._gave_up = False

    def close(self, outcome: str) -> None:
        """Do as `Spoken` says."""
        self._stream.cancel(outcome)

    async def pcm(self) -> AsyncGenerator[Pcm, None]:
        """Do as `Spoken` says."""
        for index, run in enumerate(self._runs):
            if index:
                # In one go: nobody else can take the place in between.
                self._stream.cancel("ok")
                self._stream = self._opened(run)
            async with aclosing(self._spoken(run)) as pieces:
                async for pcm in pieces:
                    if pcm.size:
                        yield pcm
            if self._gave_up:
                break
        self._stream.cancel("ok")

    def _opened(self, run: Sequence[Passage]) -> PulledStream:
        speed, pitch = _speed_and_pitch(run[0])
        as_made = replace(
            self._speech,
            request=replace(self._speech.request, speed=speed, pitch=pitch),
            sample_rate_hz=self._speech.model_rate_hz,
            stretch=1.0,
            volume_db=0.0,
        )
        stream = self._open_stream(self._service, as_made)
        for passage in run:
            stream.append(passage.text)
            stream.flush()
        return stream

    async def _spoken(self, run: Sequence[Passage]) -> AsyncGenerator[Pcm, None]:
        async with aclosing(self._stream.events()) as events:
            for passage in run:
                path = passage.speech.audio_path()
                async for event in events:
                    if isinstance(event, AudioPiece):
                        yield await _fed(path, event.pcm)
                    elif isinstance(event, FlushReached):
                        break
                else:
                    self._gave_up = True
                yield await _fed(path, _NOTHING, segment_end=True)
                if self._gave_up:
                    return
                for silence in _silence(passage.num_pause_samples, self._speech.sample_rate_hz):
                    yield silence


def _speed_and_pitch(passage: Passage) -> tuple[float, float]:
    return passage.speech.request.speed, passage.speech.request.pitch


async def _fed(path: AudioPath, pcm: Pcm, *, segment_end: bool = False) -> Pcm:
    if not path.is_costly and pcm.size <= _SOON_FED:
        return path.feed(pcm, segment_end=segment_end)
    return await to_thread.run_sync(lambda: path.feed(pcm, segment_end=segment_end))


def _silence(num_samples: int, sample_rate_hz: int) -> Iterator[Pcm]:
    whole = np.zeros(_SILENCE_PIECE_S * sample_rate_hz, np.int16)
    for at in range(0, num_samples, len(whole)):
        yield whole[: num_samples - at]
