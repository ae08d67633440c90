"""From recordings to what a model is prompted with: decoded, encoded, remembered."""

from collections.abc import Awaitable, Callable

import anyio
import numpy as np
from anyio import from_thread, to_thread
from numpy.typing import NDArray

from engine.cloning import EncodedReference, ReferenceEncoder
from engine.errors import Unsupported
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.cache import ReferenceCache
from server.voices.recording import decoded

#: A minute of speech is 100 KB of codes: ten hours of voices.
MAX_CACHED_BYTES = 64 << 20
#: Each holds its recording meanwhile, 12 MiB at most.
MAX_WAITING = 8
#: With its wait for a turn. Two cores encode a minute of audio in a minute, and in two while they
#: also speak.
CLONE_LIMIT_S = 300.0
#: What is encoded takes seconds.
RETRY_AFTER_S = 5.0


class Cloner:
    """Makes one voice at a time, each once.

    A second at the same time would take the cores from those who speak, and be ready no sooner.
    """

    def __init__(self, decode: Callable[[bytes, int], NDArray[np.float32]] = decoded) -> None:
        """Have recordings decoded by `decode`, in worker threads: see `decoded`."""
        self._decode = decode
        self._cache = ReferenceCache(MAX_CACHED_BYTES)
        self._turn = anyio.CapacityLimiter(1)

    async def clone(
        self, digest: str, read: Callable[[], Awaitable[Reference]], encoder: ReferenceEncoder
    ) -> EncodedReference:
        """Return the voice of the recording that `read` returns, and whose digest this is.

        Raises:
            RequestError: `bad_value`, `unsupported`, `overloaded`, or what `read` raises.
        """
        found = self._cache.get(digest)
        if found is not None:
            return found
        if self._turn.statistics().tasks_waiting >= MAX_WAITING:
            raise _overloaded("too many voices wait to be made")
        try:
            with anyio.fail_after(CLONE_LIMIT_S):
                async with self._turn:
                    # Whoever was before may have made the same.
                    return self._cache.get(digest) or await self._make(digest, read, encoder)
        except TimeoutError as error:
            raise _overloaded("the voice took too long to make") from error

    async def _make(
        self, digest: str, read: Callable[[], Awaitable[Reference]], encoder: ReferenceEncoder
    ) -> EncodedReference:
        reference = await read()
        samples = await to_thread.run_sync(self._decode, reference.audio, encoder.sample_rate_hz)
        try:
            encoded = await to_thread.run_sync(
                encoder.encode, samples, reference.text, from_thread.check_cancelled
            )
        except Unsupported as error:
            raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error
        self._cache.put(digest, encoded)
        return encoded


def _overloaded(message: str) -> RequestError:
    return RequestError(ErrorCode.OVERLOADED, message, retry_after_s=RETRY_AFTER_S)
