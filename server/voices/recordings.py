"""Recordings of voices that are kept far away: some of them, in a folder of this machine."""

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from protocol.messages import Reference
from server.voices.store import StoredVoice, digest_of, unknown

#: Twenty of the longest recordings, hundreds of what people send. What was encoded of them is
#: held in memory besides.
MAX_BYTES = 256 << 20
#: What begins with a dot is being written, or was left by a process that died.
_UNFINISHED = "."
_MARK_BYTES = 8

_log = logging.getLogger(__name__)


class RecordingCache:
    """Holds at most `max_bytes` of recordings, by the digests of their voices.

    Processes may share its folder. Where the disk fails, nothing is remembered, and no more.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        """Keep recordings in `folder`, which is made when the first is put there."""
        self._folder = folder
        self._max_bytes = max_bytes

    async def get(self, voice: StoredVoice, text: str) -> Reference | None:
        """Return a voice's recording, in which `text` is said, if it is here and whole."""
        return await to_thread.run_sync(self._get, voice, text)

    async def checked(self, voice: StoredVoice, reference: Reference) -> Reference:
        """Return what was fetched of a voice, and hold its recording.

        Raises:
            RequestError: `unknown_voice`: it is not what was stored.
        """
        if await to_thread.run_sync(digest_of, reference) != voice.digest:
            _log.warning("a stored voice is damaged: %s: not of its digest", voice.id)
            raise unknown(voice.id)
        await to_thread.run_sync(self._put, voice, reference.audio)
        return reference

    def _get(self, voice: StoredVoice, text: str) -> Reference | None:
        path = self._folder / voice.digest
        try:
            reference = Reference(path.read_bytes(), text)
            os.utime(path)
        except OSError:
            return None
        return reference if digest_of(reference) == voice.digest else None

    def _put(self, voice: StoredVoice, audio: bytes) -> None:
        unfinished = self._folder / f"{_UNFINISHED}{secrets.token_hex(_MARK_BYTES)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(len(audio))
            unfinished.write_bytes(audio)
            unfinished.replace(self._folder / voice.digest)
        except OSError as error:
            _log.warning("a recording is not remembered: %s", error)
            with suppress(OSError):
                unfinished.unlink()

    def _make_room(self, num_bytes: int) -> None:
        found = [(path, path.stat()) for path in self._folder.iterdir()]
        excess = sum(stat.st_size for _, stat in found) + num_bytes - self._max_bytes
        for path, stat in sorted(found, key=lambda each: each[1].st_mtime_ns):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= stat.st_size
