"""A stored voice as a folder: its recording, and what is to be known of it."""

import json
import os
import shutil
from pathlib import Path

from protocol.messages import Reference
from server.voices.lexicon import read_lexicon
from server.voices.store import StoredVoice

#: The recording as it was sent, and a JSON object of strings, name, text and digest, and of the
#: lexicon, if there is one.
_AUDIO, _ABOUT = "audio", "voice.json"


def write_entry(folder: Path, voice: StoredVoice, reference: Reference) -> None:
    """Write a voice into a folder that nobody reads yet; it is on the disk afterwards."""
    about = {
        "name": voice.name,
        "text": reference.text,
        "digest": voice.digest,
        "lexicon": dict(voice.lexicon),
    }
    for name, data in ((_AUDIO, reference.audio), (_ABOUT, json.dumps(about).encode())):
        with (folder / name).open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
    sync_folder(folder)


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
    try:
        about = json.loads((path / _ABOUT).read_bytes())
        name, text, digest = (_written(about[field]) for field in ("name", "text", "digest"))
        lexicon = read_lexicon(about.get("lexicon", {}))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{_ABOUT} is not ours") from error
    (path / _AUDIO).stat()
    return StoredVoice(path.name, name, digest, lexicon), text


def _written(field: object) -> str:
    if not isinstance(field, str):
        raise TypeError("no string")
    # Halves of surrogate pairs can be read in JSON, and in no answer; the error is a ValueError.
    field.encode()
    return field


def is_entry(path: Path) -> bool:
    """Tell whether it is a voice, whole or damaged: it has one of its files."""
    return any((path / name).exists() for name in (_AUDIO, _ABOUT))


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
    """
    return (path / _AUDIO).read_bytes()


def entry_bytes(path: Path) -> int:
    """Return the size of a voice's recording; 0 if it has none."""
    try:
        return (path / _AUDIO).stat().st_size
    except OSError:
        return 0
