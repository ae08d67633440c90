"""One note as chunks of bytes: its audio pulled as the transport drains, and encoded."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import TypeVar, TypeVarTuple, Unpack

import anyio
from anyio import to_thread

from engine.request import ServiceClass
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
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

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

#: Formats whose encoding is a copy or a table; the others are left to a worker thread.
_CHEAP = {AudioFormat.WAV, AudioFormat.PCM, AudioFormat.MULAW, AudioFormat.ALAW}


class NoteStream:
    """A note being made. Leave it with `close`, however it ends."""

    def __init__(self, service: Service, request: NoteRequest, request_id: str) -> None:
        """Open the note.

        Raises:
            RequestError: the request cannot be served, or not now.
        """
        speech = _speech(request, service.engine.info, service.limits)
        _check_format(request.format, speech.sample_rate_hz)
        self._format = request.format
        self._encoder: Encoder | None = None
        self._changed = anyio.Event()
        self._stream = Stream(service, speech, UNBOUNDED, request_id, self._wake)
        self._stream.append(request.text)
        self._stream.end()

    def close(self, outcome: str = "disconnected") -> None:
        """Give up what is not made yet, and all that was needed for it.

        `outcome` says why, for the record; of several, the first counts.
        """
        self._stream.cancel(outcome)
        if self._encoder is not None:
            self._encoder.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the file; taking the next ones says that the last ones have left.

        Raises:
            RequestError: the note failed on its way, or has nothing to speak.
        """
        encoder = await self._call(make_encoder, self._format, self._stream.sample_rate_hz)
        self._encoder = encoder
        while True:
            with anyio.move_on_after(HOLD_LOOK_S if self._stream.is_holding else None):
                await self._changed.wait()
            self._changed = anyio.Event()
            await self._stream.convert()
            for event in self._stream.take():
                data = await self._encode(encoder, event)
                if data:
                    yield data
                if isinstance(event, StreamDone):
                    return

    async def _encode(self, encoder: Encoder, event: StreamEvent) -> bytes:
        match event:
            case AudioPiece(_, pcm):
                return await self._call(encoder.encode, pcm)
            case StreamDone(samples=0):
                raise RequestError(ErrorCode.BAD_VALUE, "text has nothing to speak")
            case StreamDone():
                return await self._call(encoder.finish)
            case StreamFailed(code, message, retry_after_s):
                raise RequestError(code, message, retry_after_s=retry_after_s)
            case _:
                return b""

    async def _call(self, work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        """Do what costs in a worker thread."""
        return work(*args) if self._format in _CHEAP else await to_thread.run_sync(work, *args)

    def _wake(self) -> None:
        self._changed.set()


def _speech(request: NoteRequest, model: ModelInfo, limits: Limits) -> Speech:
    parameters = request.parameters
    if parameters.sample_rate is None:
        rate_hz = natural_rate(request.format, model.sample_rate_hz)
        parameters = replace(parameters, sample_rate=rate_hz)
    return check(parameters, model, limits, ServiceClass.NOTE, head_start_s=HEAD_START_S)


def _check_format(audio_format: AudioFormat, rate_hz: int) -> None:
    try:
        check_rate(audio_format, rate_hz)
        if audio_format not in _CHEAP:
            load_pyav()
    except UnsupportedRate as error:
        raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
    except CodecsMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
