"""Voices in a bucket: each a recording, and what is to be known of it, which makes it a voice."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import anyio

from engine.voices import VOICE_ID
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.s3.bucket import Bucket
from server.s3.errors import ObjectMissing, ObjectTaken, S3Failed
from server.voices.about import read_about, write_about
from server.voices.folder import MAX_BYTES, MAX_VOICES
from server.voices.recordings import RecordingCache
from server.voices.s3_entries import ABOUT, VOICES, Entry, entries_of
from server.voices.store import StoredVoice, VoicesUnreachable, unknown

#: Nobody takes so long to add a voice: whoever left a recording without one has died.
_ABANDONED_S = 3_600.0
#: More than is ever written of a voice, and than a recording may have.
_MOST_BYTES = 1 << 30
_JSON, _BYTES = "application/json", "application/octet-stream"

#: What was read of a voice, and its tag then; None if it is damaged.
_Known: TypeAlias = tuple[str, StoredVoice | None]

_log = logging.getLogger(__name__)


class S3VoiceStore:
    """The `VoiceStore` of a bucket, which exists.

    Processes may share it; its bounds are then exact but for what two add at the same moment. Of
    two that update a voice at once, the last is heard.
    """

    def __init__(
        self,
        bucket: Bucket,
        cache: RecordingCache,
        *,
        max_voices: int = MAX_VOICES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Keep up to `max_voices` voices, and `max_bytes` of recordings, in `bucket`."""
        self._bucket = bucket
        self._cache = cache
        self._max_voices = max_voices
        self._max_bytes = max_bytes
        self._adding = anyio.Lock()
        self._known: dict[str, _Known] = {}

    async def check(self, voice_id: str, num_bytes: int) -> None:
        """Say whether a voice could be added: see `VoiceStore`."""
        with _failures():
            self._check(await self._entries(), voice_id, num_bytes)

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Keep a voice: see `VoiceStore`."""
        async with self._adding:
            with _failures():
                entries = await self._entries()
                self._check(entries, voice.id, len(reference.audio))
                await self._sweep(entries)
                await self._add(voice, reference)

    async def voices(self) -> list[StoredVoice]:
        """Return all voices: see `VoiceStore`."""
        with _failures():
            tags = _tags(await self._entries())
            # Whoever else lists them at the same time may have seen others.
            known = {key: each for key, each in self._known.items() if tags.get(key) == each[0]}
            failed: list[S3Failed] = []
            async with anyio.create_task_group() as tasks:
                for voice_id in tags.keys() - known.keys():
                    tasks.start_soon(self._learn, voice_id, tags[voice_id], known, failed)
            self._known = known
            if failed:
                raise failed[0]
        return [voice for _, (_, voice) in sorted(known.items()) if voice is not None]

    async def find(self, voice_id: str) -> StoredVoice:
        """Return a voice: see `VoiceStore`."""
        with _failures():
            return (await self._read(voice_id))[0]

    async def reference(self, voice: StoredVoice) -> Reference:
        """Return a voice's recording: see `VoiceStore`."""
        with _failures():
            found, text = await self._read(voice.id)
            if found.digest != voice.digest:
                raise unknown(voice.id)
            return await self._cache.get(found, text) or await self._fetch(found, text)

    async def update(self, voice: StoredVoice) -> None:
        """Keep a voice as it is told: see `VoiceStore`."""
        with _failures():
            kept = await self._about(voice.id)
            found, text = _readable(kept, voice.id)
            if found.digest != voice.digest:
                raise unknown(voice.id)
            told = write_about(voice, text, kept)
            await self._bucket.replace(self._key(voice.id, ABOUT), lambda: told, ContentType=_JSON)

    async def remove(self, voice_id: str) -> None:
        """Forget a voice: see `VoiceStore`."""
        with _failures():
            listed = await self._bucket.listed(self._key(voice_id, ""))
            if not listed:
                raise unknown(voice_id)
            # What makes it a voice goes first.
            for found in sorted(listed, key=lambda each: not each.key.endswith(f"/{ABOUT}")):
                await self._bucket.remove(found.key)

    async def _add(self, voice: StoredVoice, reference: Reference) -> None:
        about, recording = write_about(voice, reference.text), self._key(voice.id, voice.digest)
        with suppress(ObjectTaken):
            await self._bucket.put(recording, lambda: reference.audio, ContentType=_BYTES)
        try:
            await self._bucket.put(self._key(voice.id, ABOUT), lambda: about, ContentType=_JSON)
        except ObjectTaken as error:
            await self._forget_loser(voice)
            raise _taken(voice.id) from error

    async def _forget_loser(self, voice: StoredVoice) -> None:
        """Remove the recording of a voice for which another was sooner, unless it is the same."""
        with suppress(RequestError):
            if (await self._read(voice.id))[0].digest != voice.digest:
                await self._bucket.remove(self._key(voice.id, voice.digest))

    def _check(self, entries: dict[str, Entry], voice_id: str, num_bytes: int) -> None:
        if voice_id in entries and entries[voice_id].about:
            raise _taken(voice_id)
        # Of what is being added, nobody knows yet whether it will be kept.
        sizes = [entry.num_bytes for entry in entries.values() if entry.about]
        if len(sizes) >= self._max_voices:
            raise RequestError(ErrorCode.QUOTA, f"there are {self._max_voices} voices already")
        if sum(sizes) + num_bytes > self._max_bytes:
            raise RequestError(ErrorCode.QUOTA, f"voices may take {self._max_bytes} bytes")

    async def _sweep(self, entries: dict[str, Entry]) -> None:
        """Remove recordings that a process that died has left."""
        for entry in entries.values():
            for recording in () if entry.about else entry.recordings:
                if time.time() - recording.modified_s > _ABANDONED_S:
                    await self._bucket.remove(recording.key)

    async def _entries(self) -> dict[str, Entry]:
        prefix = self._bucket.settings.address(VOICES, "")
        return entries_of(await self._bucket.listed(prefix))

    async def _learn(
        self, voice_id: str, tag: str, known: dict[str, _Known], failed: list[S3Failed]
    ) -> None:
        try:
            known[voice_id] = (tag, (await self._read(voice_id))[0])
        except RequestError:
            known[voice_id] = (tag, None)
        except S3Failed as failure:
            failed.append(failure)

    async def _read(self, voice_id: str) -> tuple[StoredVoice, str]:
        return _readable(await self._about(voice_id), voice_id)

    async def _about(self, voice_id: str) -> bytes:
        try:
            return await self._bucket.read(self._key(voice_id, ABOUT), 0, _MOST_BYTES)
        except ObjectMissing as error:
            raise unknown(voice_id) from error

    async def _fetch(self, voice: StoredVoice, text: str) -> Reference:
        try:
            audio = await self._bucket.read(self._key(voice.id, voice.digest), 0, _MOST_BYTES)
        except ObjectMissing as error:
            _log.warning("a stored voice is damaged: %s: it has no recording", voice.id)
            raise unknown(voice.id) from error
        return await self._cache.checked(voice, Reference(audio, text))

    def _key(self, voice_id: str, name: str) -> str:
        if not VOICE_ID.fullmatch(voice_id):
            raise unknown(voice_id)
        return self._bucket.settings.address(VOICES, voice_id, name)


def _tags(entries: dict[str, Entry]) -> dict[str, str]:
    return {voice_id: entry.about.tag for voice_id, entry in entries.items() if entry.about}


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except S3Failed as error:
        _log.warning("the stored voices cannot be reached: %s", error)
        raise VoicesUnreachable from error


def _readable(about: bytes, voice_id: str) -> tuple[StoredVoice, str]:
    try:
        return read_about(about, voice_id, 0.0)
    except ValueError as error:
        _log.warning("a stored voice is damaged: %s: %s", voice_id, error)
        raise unknown(voice_id) from error


def _taken(voice_id: str) -> RequestError:
    return RequestError(ErrorCode.BAD_STATE, f"there is a voice {voice_id!r}")
