"""Voices of a repository of the Hugging Face Hub, as it was at one commit. They are only read."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, TypeVarTuple, Unpack

import anyio
from anyio import CapacityLimiter, to_thread

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.hub_snapshot import HubSnapshot
from server.voices.recordings import RecordingCache
from server.voices.store import StoredVoice, VoicesUnreachable, unknown

#: At once, each with a recording in memory: nobody waits for a Hub but those who ask it.
_MAX_CALLS = 4

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

_log = logging.getLogger(__name__)


class HubVoiceStore:
    """The `VoiceStore` of a repository.

    It is looked at once: which voices there are changes with the next start, and then only if the
    revision is a branch.
    """

    def __init__(self, snapshot: HubSnapshot, cache: RecordingCache) -> None:
        """Read the voices of `snapshot`, and hold recordings in `cache`."""
        self._snapshot = snapshot
        self._cache = cache
        self._limiter = CapacityLimiter(_MAX_CALLS)
        self._looking = anyio.Lock()
        self._found: dict[str, tuple[StoredVoice, str]] | None = None

    async def check(self, voice_id: str, num_bytes: int) -> None:
        """Refuse: see `VoiceStore`."""
        del voice_id, num_bytes
        raise self._refusal()

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Refuse: see `VoiceStore`."""
        del voice, reference
        raise self._refusal()

    async def voices(self) -> list[StoredVoice]:
        """Return all voices: see `VoiceStore`."""
        return [voice for voice, _ in (await self._voices()).values()]

    async def find(self, voice_id: str) -> StoredVoice:
        """Return a voice: see `VoiceStore`."""
        return (await self._find(voice_id))[0]

    async def reference(self, voice: StoredVoice) -> Reference:
        """Return a voice's recording: see `VoiceStore`."""
        found, text = await self._find(voice.id)
        if found.digest != voice.digest:
            raise unknown(voice.id)
        kept = await self._cache.get(found, text)
        if kept is not None:
            return kept
        audio = await self._ask(self._snapshot.audio, voice.id)
        return await self._cache.checked(found, Reference(audio, text))

    async def update(self, voice: StoredVoice) -> None:
        """Refuse: see `VoiceStore`."""
        del voice
        raise self._refusal()

    async def remove(self, voice_id: str) -> None:
        """Refuse: see `VoiceStore`."""
        del voice_id
        raise self._refusal()

    async def _find(self, voice_id: str) -> tuple[StoredVoice, str]:
        found = (await self._voices()).get(voice_id)
        if found is None:
            raise unknown(voice_id)
        return found

    async def _voices(self) -> dict[str, tuple[StoredVoice, str]]:
        async with self._looking:
            if self._found is None:
                self._found = await self._ask(self._snapshot.voices)
            return self._found

    async def _ask(self, work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        def ask() -> _T:
            with _failures():
                return work(*args)

        return await to_thread.run_sync(ask, limiter=self._limiter)

    def _refusal(self) -> RequestError:
        where = self._snapshot.repository
        return RequestError(
            ErrorCode.UNSUPPORTED, f"voices are those of {where}: none is kept here"
        )


@contextmanager
def _failures() -> Iterator[None]:
    from httpx2 import HTTPError  # huggingface_hub's own, of which its errors are
    from huggingface_hub import errors

    try:
        yield
    # What the Hub answers, what the way there does, and what the disk refuses.
    except (errors.HfHubHTTPError, HTTPError, OSError, ValueError) as error:
        _log.warning("the voices of the Hub cannot be reached: %s", error)
        raise VoicesUnreachable from error
