"""One session of a live socket, from `start` to `finish`: its text on the way in, its audio out."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import anyio

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.dialects.fish.alignment import Alignment
from server.dialects.fish.audio_messages import AudioMessages
from server.dialects.fish.request import FishRequest
from server.dialects.fish.unheard import Unheard
from server.dialects.paced_stream import PacedStream
from server.errors import RequestError
from server.format_check import check_format
from server.parameters import Speech, check
from server.service import Service
from server.stream_events import AudioPiece, FlushReached, StreamDone, StreamEvent

#: Clients keep a session open between the turns of a call. A stream that has nothing to say for so
#: long ends, so that it holds no place; the next text opens another.
IDLE_S = 5.0


class Turn:
    """Keeps text until there is a stream for it, and speaks one stream after another."""

    def __init__(
        self, service: Service, asked: FishRequest, request_id: str, *, is_timed: bool
    ) -> None:
        """Speak what is `asked` for; where it `is_timed`, say when which word is heard."""
        self._service = service
        self.asked = asked
        self._request_id = request_id
        #: Why it ends, for the record, where it is given up.
        self.outcome = "disconnected"
        self._max_chars = service.limits.max_text_chars
        #: When the stream that is spoken was opened; it holds a place.
        self._opened_s: float | None = None
        #: What the next stream is told once it is there.
        self._kept: list[Callable[[PacedStream], None]] = []
        #: What takes more text, if it is there; and the characters that it, or the next one, has.
        self._stream: PacedStream | None = None
        self._num_chars = 0
        self._is_stopped = False
        self._text_s = anyio.current_time()
        self._has_news = anyio.Event()
        #: Of the stream that is spoken; before the first one, of an empty one.
        self._unheard = Unheard()
        self._alignment = Alignment(1) if is_timed else None
        if asked.text:
            self.append(asked.text)

    def append(self, text: str) -> None:
        """Take more text.

        Raises:
            RequestError: `text_too_long`, if so much waits that is not spoken.
        """
        self._text_s = anyio.current_time()
        if self._num_chars + len(text) > self._max_chars:
            self._end_stream()
        self._num_chars += len(text)
        if self._num_chars > self._max_chars:
            limit = f"more than {self._max_chars} characters wait to be spoken"
            raise RequestError(ErrorCode.TEXT_TOO_LONG, limit)
        self._tell(lambda stream: self._say(stream, text))

    def flush(self) -> None:
        """Speak what is there; where nothing is, nothing happens."""
        if self._num_chars:
            self._tell(self._flush)

    def stop(self) -> None:
        """Speak what is there, and end."""
        self._is_stopped = True
        self._end_stream()
        self._has_news.set()

    def is_too_old(self, now_s: float) -> bool:
        """Tell whether the stream that is spoken has had its time, as where it is read slowly."""
        limit_s = self._service.limits.max_stream_s
        return self._opened_s is not None and now_s - self._opened_s > limit_s

    async def messages(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield what each message of audio says, until all is spoken.

        Raises:
            RequestError: it cannot be spoken, or not now, or it failed on the way.
        """
        speech = await self._speech()
        out = AudioMessages(self.asked.format, speech.sample_rate_hz, self.asked.bit_rate)
        try:
            with self._service.timekeeper.watching(self._look):
                while await self._has_text():
                    async with aclosing(self._spoken(speech)) as events:
                        async for event in events:
                            data = await self._encoded(event, out)
                            if data or (self._alignment and isinstance(event, StreamDone)):
                                yield self._message(data)
                if data := await out.finish():
                    yield self._message(data)
        finally:
            out.close()

    async def _speech(self) -> Speech:
        service = self._service
        asked = self.asked.parameters
        speech = check(asked, service.engine.info, service.limits, ServiceClass.CALL)
        check_format(self.asked.format, speech.sample_rate_hz)
        return await service.with_voice(speech)

    async def _has_text(self) -> bool:
        """Wait for text, or for the end of it."""
        while not self._kept and not self._is_stopped:
            await self._has_news.wait()
            self._has_news = anyio.Event()
        return bool(self._kept)

    async def _spoken(self, speech: Speech) -> AsyncGenerator[StreamEvent, None]:
        """Speak one stream to its end."""
        stream = PacedStream(self._service, speech, self._request_id)
        self._opened_s = anyio.current_time()
        self._unheard = Unheard()
        if self._alignment is not None:
            self._alignment = self._alignment.following(speech.sample_rate_hz)
        kept, self._kept = self._kept, []
        self._stream = stream
        for tell in kept:
            tell(stream)
        if self._is_stopped:
            self._end_stream()
        try:
            async with aclosing(stream.events()) as events:
                async for event in events:
                    yield event
        finally:
            stream.cancel(self.outcome)
            self._opened_s = None

    def _say(self, stream: PacedStream, text: str) -> None:
        stream.append(text)
        self._unheard.append(text)
        if self._alignment is not None:
            self._alignment.append(text)

    def _flush(self, stream: PacedStream) -> None:
        stream.flush()
        self._unheard.flush()

    def _message(self, data: bytes) -> dict[str, Any]:
        times = {} if self._alignment is None else self._alignment.snapshot()
        return {"audio": data, **times}

    async def _encoded(self, event: StreamEvent, out: AudioMessages) -> bytes:
        is_owed = self._unheard.hear(event)
        if self._alignment is not None:
            self._alignment.hear(event)
        match event:
            case AudioPiece(_, pcm):
                return await out.encode(pcm)
            case FlushReached() | StreamDone():
                return await self._settled(out, is_owed=is_owed)
        return b""

    async def _settled(self, out: AudioMessages, *, is_owed: bool) -> bytes:
        num_silent = await out.be_silent() if is_owed else 0
        data, num_filled = out.settle()
        if self._alignment is not None:
            self._alignment.fill(num_silent + num_filled)
        return data

    def _tell(self, tell: Callable[[PacedStream], None]) -> None:
        if self._stream is None:
            self._kept.append(tell)
            self._has_news.set()
        else:
            tell(self._stream)

    def _end_stream(self) -> None:
        """Let the stream that takes text speak the rest of it; what comes now is for the next."""
        if self._stream is not None:
            self._stream.end()
            self._stream, self._num_chars = None, 0

    def _look(self, now_s: float) -> None:
        if now_s - self._text_s >= IDLE_S:
            self._end_stream()
