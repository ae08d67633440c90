"""One note as chunks of bytes: its audio, as it is spoken, encoded."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from protocol.codes import ErrorCode
from server.audio.file_encoder import FileEncoder
from server.errors import RequestError
from server.notes.spoken import Spoken


class NoteStream:
    """A note being made. Leave it with `close`, however it ends."""

    def __init__(self, spoken: Spoken, encoder: FileEncoder) -> None:
        """Encode what is `spoken` by `encoder`."""
        self._spoken = spoken
        self._encoder = encoder

    def close(self, outcome: str = "disconnected") -> None:
        """Give up what is not made yet, and all that was needed for it.

        `outcome` says why, for the record; of several, the first counts.
        """
        self._spoken.close(outcome)
        self._encoder.close()

    @property
    def made_s(self) -> float:
        """The seconds of audio that were made so far."""
        return self._encoder.encoded_s

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the file; taking the next ones says that the last ones have left.

        Raises:
            RequestError: the note failed on its way, or has nothing to speak.
        """
        async with aclosing(self._spoken.pcm()) as pieces:
            async for pcm in pieces:
                data = await self._encoder.encode(pcm)
                if data:
                    yield data
        if not self._encoder.has_begun:
            raise RequestError(ErrorCode.BAD_VALUE, "the model finds nothing to speak in the text")
        data = await self._encoder.finish()
        if data:
            yield data
