"""One note as chunks of bytes: its audio pulled, encoded, and paid for as the transport drains."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import TypeVarTuple, Unpack

import anyio
from anyio import to_thread

from engine.request import ServiceClass
from engine.runner import ModelInfo
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.audio.encoders import Encoder, make_encoder
from server.audio.errors import CodecsMissing, UnsupportedRate
from server.audio.formats import AudioFormat, supported_rates
from server.errors import RequestError
from server.notes.request import NoteRequest
from server.parameters import Speech, check
from server.service import Service
from server.stream import AudioPiece, Stream, StreamDone, StreamEvent, StreamFailed

#: How far a note runs ahead of its transport. It is also the part that is made with a call's
#: urgency, since somebody may be listening while it arrives.
WINDOW_S = 4.0

_Args = TypeVarTuple("_Args")

#: Formats whose encoding is a copy; the others are left to a worker thread.
_CHEAP = {AudioFormat.WAV, AudioFormat.PCM}


class NoteStream:
    """A note being made. Leave it with `cancel`, however it ends."""

    def __init__(self, service: Service, request: NoteRequest, request_id: str) -> None:
        """Open the note.

        Raises:
            RequestError: the request cannot be served, or not now.
        """
        speech = _speech(request, service.engine.info, service.limits)
        self._encoder = _encoder(request.format, speech.sample_rate_hz)
        self._is_cheap = request.format in _CHEAP
        self._window = round(WINDOW_S * speech.sample_rate_hz)
        self._changed = anyio.Event()
        self._stream = Stream(service, speech, self._window, request_id, self._wake)
        self._stream.append(request.text)
        self._stream.end()

    def cancel(self) -> None:
        """Give the note up; after its end this does nothing."""
        self._stream.cancel("disconnected")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the file; taking the next ones says that the last ones have left.

        Raises:
            RequestError: the note failed on its way.
        """
        while True:
            await self._changed.wait()
            self._changed = anyio.Event()
            for event in self._stream.take():
                data = await self._encode(event)
                if data:
                    yield data
                self._stream.grant(self._stream.sent + self._window)
                if isinstance(event, StreamDone):
                    return

    async def _encode(self, event: StreamEvent) -> bytes:
        match event:
            case AudioPiece(_, pcm):
                return await self._call(self._encoder.encode, pcm)
            case StreamDone():
                return await self._call(self._encoder.finish)
            case StreamFailed(code, message):
                raise RequestError(code, message)
            case _:
                return b""

    async def _call(self, encode: Callable[[Unpack[_Args]], bytes], *args: *_Args) -> bytes:
        return encode(*args) if self._is_cheap else await to_thread.run_sync(encode, *args)

    def _wake(self) -> None:
        self._changed.set()


def _speech(request: NoteRequest, model: ModelInfo, limits: Limits) -> Speech:
    parameters = request.parameters
    if parameters.sample_rate is None:
        rate_hz = _natural_rate(request.format, model.sample_rate_hz)
        parameters = replace(parameters, sample_rate=rate_hz)
    return check(parameters, model, limits, ServiceClass.NOTE, head_start_s=WINDOW_S)


def _natural_rate(audio_format: AudioFormat, model_rate_hz: int) -> int:
    """Return the model's own rate, or the next one that the format can carry."""
    rates = supported_rates(audio_format)
    if rates is None:
        return model_rate_hz
    return next((rate for rate in rates if rate >= model_rate_hz), rates[-1])


def _encoder(audio_format: AudioFormat, rate_hz: int) -> Encoder:
    try:
        return make_encoder(audio_format, rate_hz)
    except UnsupportedRate as error:
        raise RequestError(ErrorCode.BAD_VALUE, str(error)) from error
    except CodecsMissing as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
