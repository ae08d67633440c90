"""The file of a session, cut into messages that every client takes."""

import numpy as np

from engine.steps import Pcm
from protocol.encodings import BYTES_PER_SAMPLE
from server.audio.file_encoder import FileEncoder
from server.audio.formats import AudioFormat
from server.dialects.silence import SILENCE_S

#: Pipecat before 1.8 takes messages of up to 1,024 bytes of PCM for none. Whole samples.
MIN_BYTES = 1_026


class AudioMessages:
    """Collects what an encoder gives until it is enough for a message."""

    def __init__(
        self, audio_format: AudioFormat, sample_rate_hz: int, bit_rate: int | None
    ) -> None:
        self._encoder = FileEncoder(audio_format, sample_rate_hz, bit_rate)
        self._can_be_padded = audio_format.is_copied
        self._num_silent = round(SILENCE_S * sample_rate_hz)
        self._waiting = bytearray()

    async def encode(self, pcm: Pcm) -> bytes:
        """Take samples, shape (samples,) int16; return a message, if there is enough for one."""
        self._waiting += await self._encoder.encode(pcm)
        return self._taken() if len(self._waiting) >= MIN_BYTES else b""

    async def be_silent(self) -> int:
        """Take a silence that is enough for a message; return its samples."""
        self._waiting += await self._encoder.encode(np.zeros(self._num_silent, np.int16))
        return self._num_silent

    def settle(self) -> tuple[bytes, int]:
        """Return what waits, since nothing may follow for long: with silence, if it is too short.

        Beside it, the samples of that silence. What is compressed is returned as it is; its last
        tenth of a second is still in the encoder, which cannot give it before the file goes on.
        """
        num_bytes = 0
        if self._waiting and self._can_be_padded:
            num_bytes = max(MIN_BYTES - len(self._waiting), 0)
        self._waiting += bytes(num_bytes)
        return self._taken(), num_bytes // BYTES_PER_SAMPLE["pcm16"]

    async def finish(self) -> bytes:
        """Return the rest of the file, if anything was spoken."""
        if self._encoder.has_begun:
            self._waiting += await self._encoder.finish()
        return self._taken()

    def close(self) -> None:
        """Give back what the file needed."""
        self._encoder.close()

    def _taken(self) -> bytes:
        data = bytes(self._waiting)
        self._waiting.clear()
        return data
