"""Voices in a folder of this machine: each a folder of its own, put in place whole."""

import errno
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.voices import VOICE_ID
from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.disk import on_disk
from server.voices.entry import (
    entry_bytes,
    is_entry,
    is_taken,
    read_audio,
    read_entry,
    remove_entry,
    rewrite_entry,
    sync_folder,
    write_entry,
)
from server.voices.store import StoredVoice, digest_of, unknown

#: They are listed as one answer, and looked through one by one for that.
MAX_VOICES = 1_000
#: A hundred of the longest recordings; compressed, ten times as many.
MAX_BYTES = 1 << 30
#: What begins with a dot is no voice: one being written, or being removed.
_UNFINISHED = ".unfinished-"
#: Of the rest of its name, which nobody draws twice.
_MARK_BYTES = 8
#: What is said of a voice that is damaged, and not of a disk that fails.
_NOT_WHOLE = (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError)
#: Nobody writes for so long: whoever left it there has died.
_ABANDONED_S = 3_600.0

_log = logging.getLogger(__name__)


class FolderVoiceStore:
    """The `VoiceStore` of a folder, which is made when the first voice is added.

    Processes may share it; its bounds are then exact but for what two add at the same moment.
    """

    def __init__(
        self, folder: Path, *, max_voices: int = MAX_VOICES, max_bytes: int = MAX_BYTES
    ) -> None:
        """Keep up to `max_voices` voices, and `max_bytes` of recordings, in `folder`."""
        self._folder = folder
        self._max_voices = max_voices
        self._max_bytes = max_bytes
        self._changing = threading.Lock()

    async def check(self, voice_id: str, num_bytes: int) -> None:
        """Say whether a voice could be added: see `VoiceStore`."""
        await on_disk(self._check, voice_id, num_bytes)

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Keep a voice: see `VoiceStore`."""
        await on_disk(self._add, voice, reference)

    async def voices(self) -> list[StoredVoice]:
        """Return all voices: see `VoiceStore`."""
        return await on_disk(lambda: list(self._voices()))

    async def find(self, voice_id: str) -> StoredVoice:
        """Return a voice: see `VoiceStore`."""
        return await on_disk(self._find, voice_id)

    async def reference(self, voice: StoredVoice) -> Reference:
        """Return a voice's recording: see `VoiceStore`."""
        return await on_disk(self._reference, voice)

    async def update(self, voice: StoredVoice) -> None:
        """Keep a voice as it is told: see `VoiceStore`."""
        await on_disk(self._update, voice)

    async def remove(self, voice_id: str) -> None:
        """Forget a voice: see `VoiceStore`."""
        await on_disk(self._remove, voice_id)

    def _add(self, voice: StoredVoice, reference: Reference) -> None:
        with self._changing:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._check(voice.id, len(reference.audio))
            with self._aside() as unfinished:
                write_entry(unfinished, voice, reference)
                self._put_in_place(unfinished, self._path(voice.id))
            sync_folder(self._folder)

    def _update(self, voice: StoredVoice) -> None:
        with self._changing:
            found, text = self._read(voice.id)
            if found.digest != voice.digest:
                raise unknown(voice.id)
            with self._aside() as unfinished:
                try:
                    rewrite_entry(self._path(voice.id), unfinished, voice, text)
                except (FileNotFoundError, ValueError) as error:
                    raise unknown(voice.id) from error

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """Make a folder that is no voice; what is left of it is removed."""
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _put_in_place(self, unfinished: Path, path: Path) -> None:
        try:
            # Onto a folder that is not empty this fails, whoever was sooner.
            unfinished.rename(path)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
                raise
            raise _taken(path.name) from error

    def _check(self, voice_id: str, num_bytes: int) -> None:
        if is_taken(self._path(voice_id)):
            raise _taken(voice_id)
        sizes = [entry_bytes(path) for path in self._paths()]
        if len(sizes) >= self._max_voices:
            raise RequestError(ErrorCode.QUOTA, f"there are {self._max_voices} voices already")
        if sum(sizes) + num_bytes > self._max_bytes:
            raise RequestError(ErrorCode.QUOTA, f"voices may take {self._max_bytes} bytes")

    def _sweep(self) -> None:
        """Remove what a process that died left unfinished."""
        for path in self._folder.glob(_UNFINISHED + "*"):
            # Of processes that live, they come and go.
            with suppress(FileNotFoundError):
                if time.time() - path.lstat().st_mtime > _ABANDONED_S:
                    remove_entry(path)

    def _voices(self) -> Iterator[StoredVoice]:
        for path in self._paths():
            try:
                yield read_entry(path)[0]
            # One that cannot be read does not hide the others.
            except (OSError, ValueError) as error:
                _warn(path, error)

    def _find(self, voice_id: str) -> StoredVoice:
        return self._read(voice_id)[0]

    def _reference(self, voice: StoredVoice) -> Reference:
        path = self._path(voice.id)
        _, text = self._read(voice.id)
        try:
            reference = Reference(read_audio(path), text)
        except _NOT_WHOLE as error:
            _warn(path, error)
            raise unknown(voice.id) from error
        if digest_of(reference) != voice.digest:
            _warn(path, ValueError("the audio and the text are not those of the digest"))
            raise unknown(voice.id)
        return reference

    def _read(self, voice_id: str) -> tuple[StoredVoice, str]:
        path = self._path(voice_id)
        if not os.path.lexists(path):
            raise unknown(voice_id)
        try:
            return read_entry(path)
        except _NOT_WHOLE as error:
            _warn(path, error)
            raise unknown(voice_id) from error

    def _remove(self, voice_id: str) -> None:
        path = self._path(voice_id)
        if not is_entry(path):
            raise unknown(voice_id)
        # Nothing is made for it: on a disk that is full, voices can still be removed.
        unfinished = self._folder / f"{_UNFINISHED}{secrets.token_hex(_MARK_BYTES)}"
        with self._changing:
            try:
                path.rename(unfinished)
            except FileNotFoundError as error:
                raise unknown(voice_id) from error
        remove_entry(unfinished)
        sync_folder(self._folder)

    def _path(self, voice_id: str) -> Path:
        if not VOICE_ID.fullmatch(voice_id):
            raise unknown(voice_id)
        return self._folder / voice_id

    def _paths(self) -> list[Path]:
        """Return the folders that may be voices, by id."""
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path for path in found if VOICE_ID.fullmatch(path.name))


def _taken(voice_id: str) -> RequestError:
    return RequestError(ErrorCode.BAD_STATE, f"there is a voice {voice_id!r}")


def _warn(path: Path, error: Exception) -> None:
    _log.warning("a stored voice is damaged: %s: %s", path, error)
