"""A stored voice as a folder: its recording, and what is to be known of it."""

import errno
import os
import shutil
import stat
from pathlib import Path

from protocol.codes import ErrorCode
from protocol.messages import Reference
from server.errors import RequestError
from server.voices.about import read_about, write_about
from server.voices.recording import MAX_AUDIO_BYTES
from server.voices.store import StoredVoice

#: The recording as it was sent, and the rest: see `write_about`.
_AUDIO, _ABOUT = "audio", "voice.json"
#: The longest text takes 12 KB of it, and keys of a later version are kept.
_MAX_ABOUT_BYTES = 1 << 20


def write_entry(folder: Path, voice: StoredVoice, reference: Reference) -> None:
    """Write a voice into a folder that nobody reads yet; it is on the disk afterwards."""
    _write(folder / _AUDIO, reference.audio)
    _write(folder / _ABOUT, write_about(voice, reference.text))
    sync_folder(folder)


def rewrite_entry(path: Path, aside: Path, voice: StoredVoice, text: str) -> None:
    """Write anew what is to be known of a voice, by way of a folder that nobody reads.

    Raises:
        OSError: it is not there any more, or cannot be written.
        ValueError: what is there is not ours.
        RequestError: `quota`: with what a later version keeps of it, it is more than we read.
    """
    about = write_about(voice, text, _read(path / _ABOUT, _MAX_ABOUT_BYTES))
    if len(about) > _MAX_ABOUT_BYTES:
        problem = f"what is kept of a voice may take {_MAX_ABOUT_BYTES} bytes"
        raise RequestError(ErrorCode.QUOTA, problem)
    _write(aside / _ABOUT, about)
    (aside / _ABOUT).replace(path / _ABOUT)
    sync_folder(path)


def _read(path: Path, max_bytes: int) -> bytes:
    """Return what is in a file, unless that is more than we write, or it may have no end."""
    status = _status(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > max_bytes:
        raise ValueError(f"{path.name} is no file of {max_bytes} bytes at most")
    return path.read_bytes()


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        # No disk fails that way.
        if error.errno == errno.ELOOP:
            raise ValueError(f"{path.name} is a link that leads nowhere") from error
        raise


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have what was put into a folder survive the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_entry(path: Path) -> tuple[StoredVoice, str]:
    """Return a voice and what is said in its recording.

    Raises:
        OSError: it lacks one of its files.
        ValueError: it is none that `write_entry` has written.
    """
    if path.is_symlink():
        raise ValueError("a link")
    stored_s = _status(path / _AUDIO).st_mtime
    return read_about(_read(path / _ABOUT, _MAX_ABOUT_BYTES), path.name, stored_s)


def is_entry(path: Path) -> bool:
    """Tell whether it is a voice, whole or damaged: it has one of its files, or is a link."""
    return path.is_symlink() or any(os.path.lexists(path / name) for name in (_AUDIO, _ABOUT))


def is_taken(path: Path) -> bool:
    """Tell whether no voice can be put there, whatever is there."""
    if path.is_symlink() or not path.is_dir():
        return os.path.lexists(path)
    return any(path.iterdir())


def remove_entry(path: Path) -> None:
    """Remove a voice; of a link, not what it leads to."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def read_audio(path: Path) -> bytes:
    """Return the recording of a voice.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none that `write_entry` has written.
    """
    return _read(path / _AUDIO, MAX_AUDIO_BYTES)


def entry_bytes(path: Path) -> int:
    """Return the size of a voice's recording; 0 if it has none."""
    try:
        return (path / _AUDIO).stat().st_size
    except OSError:
        return 0
