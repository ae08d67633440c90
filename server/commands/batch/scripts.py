"""The texts of a batch, and the files that their speech becomes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from server.audio.formats import AudioFormat
from server.commands.errors import CommandError

#: More than any server takes, whatever it is set to: ten million characters.
MAX_BYTES = 40_000_000


class Unusable(Exception):
    """No speech can be made of one file. The message says why; others are not concerned."""


@dataclass(frozen=True, slots=True)
class Script:
    """A file of text, and the file of its speech."""

    source: Path
    target: Path


def scripts_of(files: Iterable[str], folder: Path, audio_format: AudioFormat) -> list[Script]:
    """Return what is to be made in `folder`.

    Raises:
        CommandError: two files would become one.
    """
    scripts: dict[Path, Script] = {}
    for source in map(Path, files):
        target = folder / f"{source.stem}.{audio_format.value}"
        if target in scripts:
            raise CommandError(f"{scripts[target].source} and {source} would both be {target}")
        scripts[target] = Script(source, target)
    return list(scripts.values())


def read_text(source: Path) -> str:
    """Return the text of a file.

    Raises:
        Unusable: it cannot be read, is too long, is not UTF-8, or has nothing to speak.
    """
    try:
        with source.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise Unusable(f"has more than {MAX_BYTES} bytes")
    try:
        # What some editors begin a file with is no text.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"is not UTF-8, at byte {error.start}") from error
    if not text.strip():
        raise Unusable("has nothing to speak")
    return text
