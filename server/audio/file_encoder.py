"""An encoder on the event loop: what costs is done in a worker thread."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import to_thread

from engine.steps import Pcm
from server.audio.encoders import Encoder, make_encoder
from server.audio.formats import AudioFormat

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")


class FileEncoder:
    """One file in the making. Leave it with `close`, however it ends."""

    def __init__(
        self, audio_format: AudioFormat, sample_rate_hz: int, bit_rate: int | None = None
    ) -> None:
        self._format = audio_format
        self._make = partial(make_encoder, audio_format, sample_rate_hz, bit_rate)
        self._encoder: Encoder | None = None
        self._sample_rate_hz = sample_rate_hz
        self._num_samples = 0

    @property
    def has_begun(self) -> bool:
        """Tell whether anything was encoded."""
        return self._encoder is not None

    @property
    def encoded_s(self) -> float:
        """The seconds of audio that were encoded."""
        return self._num_samples / self._sample_rate_hz

    async def encode(self, pcm: Pcm) -> bytes:
        """Take mono samples, shape (samples,) int16; return the bytes that are ready, or none."""
        self._num_samples += len(pcm)
        encoder = await self._opened()
        return await self._call(encoder.encode, pcm)

    async def finish(self) -> bytes:
        """Return the rest. Nothing may be encoded afterwards."""
        encoder = await self._opened()
        return await self._call(encoder.finish)

    def close(self) -> None:
        """Give back what the file needed, finished or not."""
        if self._encoder is not None:
            self._encoder.close()

    async def _opened(self) -> Encoder:
        if self._encoder is None:
            self._encoder = await self._call(self._make)
        return self._encoder

    async def _call(self, work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        return work(*args) if self._format.is_copied else await to_thread.run_sync(work, *args)
