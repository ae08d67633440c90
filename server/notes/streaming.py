"""One note as chunks of bytes: its audio pulled as the transport drains, and encoded."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio

from engine.request import ServiceClass
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.file_encoder import FileEncoder
from server.audio.formats import AudioFormat, check_rate, natural_rate
from server.audio.pyav import load_pyav
from server.errors import RequestError
from server.notes.request import NoteRequest
from server.parameters import Speech, check
from server.run_ahead import RUN_AHEAD_S
from server.service import Service
from server.stream import HOLD_LOOK_S, Stream
from server.stream_events import AudioPiece, StreamDone, StreamEvent, StreamFailed

#: HTTP has no credit: the transport alone says how far a note may go.
UNBOUNDED = 2**62
#: The part that is made with a call's urgency, since somebody may be listening while it arrives: as
#: much as can be on its way.
HEAD_START_S = RUN_AHEAD_S


class NoteStream:
    """A note being made. Leave it with `close`, however it ends."""

    def __init__(
        self, service: Service, request: NoteRequest, speech: Speech, request_id: str
    ) -> None:
        """Open the note; `speech` is that of `speech_of`, with its voice.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        self._encoder = FileEncoder(request.format, speech.sample_rate_hz, request.bit_rate)
        self._hear = request.reply.hear
        self._changed = anyio.Event()
        self._stream = Stream(service, speech, UNBOUNDED, request_id, self._wake)
        self._stream.append(request.text)
        self._stream.end()

    def close(self, outcome: str = "disconnected") -> None:
        """Give up what is not made yet, and all that was needed for it.

        `outcome` says why, for the record; of several, the first counts.
        """
        self._stream.cancel(outcome)
        self._encoder.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the file; taking the next ones says that the last ones have left.

        Raises:
            RequestError: the note failed on its way, or has nothing to speak.
        """
        while True:
            with anyio.move_on_after(HOLD_LOOK_S if self._stream.is_holding else None):
                await self._changed.wait()
            self._changed = anyio.Event()
            await self._stream.convert()
            for event in self._stream.take():
                self._hear(event)
                data = await self._encode(event)
                if data:
                    yield data
                if isinstance(event, StreamDone):
                    return

    async def _encode(self, event: StreamEvent) -> bytes:
        match event:
            case AudioPiece(_, pcm):
                return await self._encoder.encode(pcm)
            case StreamDone(samples=0):
                raise RequestError(ErrorCode.BAD_VALUE, "text has nothing to speak")
            case StreamDone():
                return await self._encoder.finish()
            case StreamFailed(code, message, retry_after_s):
                raise RequestError(code, message, retry_after_s=retry_after_s)
            case _:
                return b""

    def _wake(self) -> None:
        self._changed.set()


def speech_of(request: NoteRequest, model: ModelInfo, limits: Limits) -> Speech:
    """Return how a note is spoken.

    Raises:
        RequestError: the request cannot be served.
    """
    parameters = request.parameters
    if parameters.sample_rate is None:
        rate_hz = natural_rate(request.format, model.sample_rate_hz)
        parameters = replace(parameters, sample_rate=rate_hz)
    speech = check(parameters, model, limits, ServiceClass.NOTE, head_start_s=HEAD_START_S)
    _check_format(request.format, speech.sample_rate_hz)
    return speech


def _check_format(audio_format: AudioFormat, rate_hz: int) -> None:
    try:
        check_rate(audio_format, rate_hz)
        if not audio_format.is_copied:
            load_pyav()
    except UnsupportedRate as error:
        raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
    except CodecsMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
