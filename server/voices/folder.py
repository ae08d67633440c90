"""Voices in a folder of this machine: each a folder of its own, put in place whole."""

import errno
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from anyio import to_thread

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.store import VOICE_ID, StoredVoice, digest_of, unknown

#: They are listed as one answer, and looked through one by one for that.
MAX_VOICES = 1_000
#: A hundred of the longest recordings; compressed, ten times as many.
MAX_BYTES = 1 << 30
#: What begins with a dot is no voice: one being written, or being removed.
_UNFINISHED = ".unfinished-"
#: Nobody writes for so long: whoever left it there has died.
_ABANDONED_S = 3_600.0

_AUDIO, _ABOUT = "audio", "voice.json"

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
        self._adding = threading.Lock()

    async def add(self, voice: StoredVoice, reference: Reference) -> None:
        """Keep a voice: see `VoiceStore`."""
        await to_thread.run_sync(self._add, voice, reference)

    async def voices(self) -> list[StoredVoice]:
        """Return all voices: see `VoiceStore`."""
        return await to_thread.run_sync(lambda: list(self._voices()))

    async def find(self, voice_id: str) -> StoredVoice:
        """Return a voice: see `VoiceStore`."""
        return await to_thread.run_sync(self._find, voice_id)

    async def reference(self, voice_id: str) -> Reference:
        """Return a voice's recording: see `VoiceStore`."""
        return await to_thread.run_sync(self._reference, voice_id)

    async def remove(self, voice_id: str) -> None:
        """Forget a voice: see `VoiceStore`."""
        await to_thread.run_sync(self._remove, voice_id)

    def _add(self, voice: StoredVoice, reference: Reference) -> None:
        with self._adding:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._check_room(len(reference.audio))
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            try:
                _write(unfinished, voice, reference)
                self._put_in_place(unfinished, self._path(voice.id))
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            _sync(self._folder)

    def _put_in_place(self, unfinished: Path, path: Path) -> None:
        try:
            # Onto a folder that is not empty this fails, whoever was sooner.
            unfinished.rename(path)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
                raise
            raise RequestError(ErrorCode.BAD_STATE, f"there is a voice {path.name!r}") from error

    def _check_room(self, num_bytes: int) -> None:
        sizes = [_num_bytes(path) for path in self._paths()]
        if len(sizes) >= self._max_voices:
            raise RequestError(ErrorCode.QUOTA, f"there are {self._max_voices} voices already")
        if sum(sizes) + num_bytes > self._max_bytes:
            raise RequestError(ErrorCode.QUOTA, f"voices may take {self._max_bytes} bytes")

    def _sweep(self) -> None:
        """Remove what a process that died left unfinished."""
        for path in self._folder.glob(_UNFINISHED + "*"):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)

    def _voices(self) -> Iterator[StoredVoice]:
        for path in self._paths():
            try:
                yield _read(path)[0]
            except (OSError, ValueError) as error:
                _warn(path, error)

    def _find(self, voice_id: str) -> StoredVoice:
        return self._read(voice_id)[0]

    def _reference(self, voice_id: str) -> Reference:
        voice, text = self._read(voice_id)
        path = self._path(voice_id)
        try:
            reference = Reference((path / _AUDIO).read_bytes(), text)
        except OSError as error:
            _warn(path, error)
            unknown(voice_id)
        if digest_of(reference) != voice.digest:
            _warn(path, ValueError("the audio is not that of its digest"))
            unknown(voice_id)
        return reference

    def _read(self, voice_id: str) -> tuple[StoredVoice, str]:
        path = self._path(voice_id)
        if not path.exists():
            unknown(voice_id)
        try:
            return _read(path)
        except (OSError, ValueError) as error:
            _warn(path, error)
            unknown(voice_id)

    def _remove(self, voice_id: str) -> None:
        path = self._path(voice_id)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._existing(voice_id)))
        try:
            path.rename(unfinished / path.name)
        except FileNotFoundError:
            unknown(voice_id)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        _sync(self._folder)

    def _existing(self, voice_id: str) -> Path:
        if not self._folder.is_dir():
            unknown(voice_id)
        return self._folder

    def _path(self, voice_id: str) -> Path:
        if not VOICE_ID.fullmatch(voice_id):
            unknown(voice_id)
        return self._folder / voice_id

    def _paths(self) -> list[Path]:
        """Return the folders that may be voices, by id."""
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path for path in found if VOICE_ID.fullmatch(path.name))


def _write(folder: Path, voice: StoredVoice, reference: Reference) -> None:
    about = {"name": voice.name, "text": reference.text, "digest": voice.digest}
    for name, data in ((_AUDIO, reference.audio), (_ABOUT, json.dumps(about).encode())):
        with (folder / name).open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    """Have what was put into a folder survive the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[StoredVoice, str]:
    if path.is_symlink():
        raise ValueError("a link")
    try:
        about = json.loads((path / _ABOUT).read_bytes())
        name, text, digest = (about[field] for field in ("name", "text", "digest"))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{_ABOUT} is not ours") from error
    if not all(isinstance(field, str) for field in (name, text, digest)):
        raise ValueError(f"{_ABOUT} is not ours")
    (path / _AUDIO).stat()
    return StoredVoice(path.name, name, digest), text


def _num_bytes(path: Path) -> int:
    try:
        return (path / _AUDIO).stat().st_size
    except OSError:
        return 0


def _warn(path: Path, error: Exception) -> None:
    _log.warning("a stored voice is damaged: %s: %s", path, error)
