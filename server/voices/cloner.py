"""From recordings to what a model is prompted with: decoded, encoded, remembered."""

from collections.abc import Callable

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

#: Each holds its recording meanwhile, 12 MiB at most, and its samples, which are no more.
MAX_WAITING = 8
#: With its wait for a turn. Two cores encode a minute of audio in a minute, and in two while they
#: also speak.
CLONE_LIMIT_S = 300.0
#: What is encoded takes seconds.
RETRY_AFTER_S = 5.0

Decode = Callable[[bytes, int], NDArray[np.float32]]


class Cloner:
    """Makes one voice at a time, each once.

    A second at the same time would take the cores from those who speak, and be ready no sooner.
    Recordings are decoded meanwhile, so that one that is refused waits for no other's voice.
    """

    def __init__(self, cache: ReferenceCache, decode: Decode = decoded) -> None:
        """Remember voices in `cache`; have recordings decoded in worker threads: see `decoded`."""
        self._cache = cache
        self._decode = decode
        self._num_making = 0
        self._decoding, self._encoding = anyio.CapacityLimiter(1), anyio.CapacityLimiter(1)

    async def clone(
        self, digest: str, reference: Reference, encoder: ReferenceEncoder
    ) -> EncodedReference:
        """Return the voice of a recording; `digest` is that of it.

        Raises:
            RequestError: `bad_value`, `unsupported` or `overloaded`.
        """
        found = self._cache.get(digest)
        if found is not None:
            return found
        if self._num_making > MAX_WAITING:
            raise _overloaded("too many voices wait to be made")
        self._num_making += 1
        try:
            with anyio.fail_after(CLONE_LIMIT_S):
                return await self._make(digest, reference, encoder)
        except TimeoutError as error:
            raise _overloaded("the voice took too long to make") from error
        finally:
            self._num_making -= 1

    async def _make(
        self, digest: str, reference: Reference, encoder: ReferenceEncoder
    ) -> EncodedReference:
        async with self._decoding:
            rate_hz = encoder.sample_rate_hz
            samples = await to_thread.run_sync(self._decode, reference.audio, rate_hz)
        async with self._encoding:
            found = self._cache.get(digest)
            # Whoever was before may have made the same.
            if found is None:
                found = await _encoded(samples, reference.text, encoder)
                self._cache.put(digest, found)
            return found


async def _encoded(
    samples: NDArray[np.float32], text: str, encoder: ReferenceEncoder
) -> EncodedReference:
    try:
        return await to_thread.run_sync(encoder.encode, samples, text, from_thread.check_cancelled)
    except Unsupported as error:
        raise RequestError(ErrorCode.UNSUPPORTED, str(error)) from error


def _overloaded(message: str) -> RequestError:
    return RequestError(ErrorCode.OVERLOADED, message, retry_after_s=RETRY_AFTER_S)
