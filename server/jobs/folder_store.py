"""Finished audio in a folder of this machine: each a file that is put in its place whole."""

import errno
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar, TypeVarTuple, Unpack

from anyio import from_thread, to_thread, wrap_file

from server.jobs.audio_file import link, sync, take_of
from server.jobs.job import LandedAudio
from server.jobs.keys import checked
from server.jobs.spool import READ_BYTES, Spool
from server.jobs.store import AudioMissing, Landing, StoreFailed

#: Where files are written that come from another filesystem. No id of a job begins with a dot.
_ASIDE = ".unfinished"
#: Of a name in it, which nobody draws twice.
_MARK_BYTES = 8
#: Nobody writes nothing for so long: whoever left it there has died.
_ABANDONED_S = 3_600.0
#: Copied at once: few turns for an hour of audio, and soon given up.
_COPY_BYTES = 8 << 20

#: What operators can do something about; of anything else they get the words of the system.
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this process may not write there",
    errno.EPERM: "this process may not write there, or the disk has no hard links",
}

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")


class FolderAudioStore:
    """The `AudioStore` of a folder, which is made when the first audio lands.

    Processes may share it. Spools should be on its filesystem: then nothing is copied.
    """

    def __init__(self, folder: Path) -> None:
        """Keep audio in `folder`."""
        self._folder = folder

    async def land(self, key: str, spool: Spool, media_type: str) -> Landing:
        """Keep what `spool` holds, once it is complete: see `AudioStore`."""
        del media_type  # the name says it
        path = self._path(key)
        await spool.completed()
        return await self._on_disk(self._land, path, spool)

    async def find(self, key: str) -> LandedAudio:
        """Return what has landed: see `AudioStore`."""
        return await self._on_disk(_find, self._path(key))

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield some of its bytes: see `AudioStore`."""
        async with wrap_file(await self._on_disk(_open, self._path(key))) as file:
            with self._failures():
                await file.seek(start)
            while start < end:
                with self._failures():
                    data = await file.read(min(READ_BYTES, end - start))
                if not data:
                    return
                start += len(data)
                yield data

    async def url(self, key: str, media_type: str) -> str | None:
        """Return none: a folder has no addresses."""
        del media_type
        checked(key)
        return None

    async def remove(self, key: str) -> None:
        """Remove what has landed: see `AudioStore`."""
        await self._on_disk(_remove, self._path(key))

    def _land(self, path: Path, spool: Spool) -> Landing:
        spool.save()
        sync(spool.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            is_first = link(spool.path, path, spool.take)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            is_first = self._copy(spool, path)
        # Also for whoever was sooner, and may have died before this.
        sync(path.parent)
        sync(self._folder)
        return Landing(audio=_audio(path), is_first=is_first)

    def _copy(self, spool: Spool, path: Path) -> bool:
        """Put a copy in its place: see `link`."""
        if path.exists():
            return False
        aside = self._folder / _ASIDE
        aside.mkdir(exist_ok=True)
        _sweep(aside)
        unfinished = aside / secrets.token_hex(_MARK_BYTES)
        try:
            with spool.path.open("rb") as source, unfinished.open("xb") as target:
                while data := source.read(_COPY_BYTES):
                    from_thread.check_cancelled()
                    target.write(data)
            sync(unfinished)
            return link(unfinished, path, spool.take)
        finally:
            unfinished.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    async def _on_disk(self, work: Callable[[Unpack[_Args]], _T], *args: *_Args) -> _T:
        """Do in a worker thread what a disk may refuse."""
        with self._failures():
            return await to_thread.run_sync(work, *args)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, str(error))
            raise StoreFailed(f"the audio in {self._folder}: {reason}") from error


def _open(path: Path) -> BinaryIO:
    with _missing(path):
        return path.open("rb")


def _find(path: Path) -> LandedAudio:
    with _missing(path):
        return _audio(path)


@contextmanager
def _missing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise AudioMissing(path.name) from error


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
        sync(path.parent)
    # Others may be in it, or it may have gone.
    with suppress(OSError):
        path.parent.rmdir()


def _audio(path: Path) -> LandedAudio:
    return LandedAudio(take=take_of(path), num_bytes=path.stat().st_size)


def _sweep(aside: Path) -> None:
    """Remove what a process that died left unfinished."""
    for path in aside.iterdir():
        # Of processes that live, they come and go.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()
