"""The folder that notes land in, looked at past our own code."""

from collections.abc import Iterator
from pathlib import Path

from server.jobs.audio_file import take_of


class AudioFolder:
    """A folder with a folder for each note."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: Which file it was, and when it was written.
        self._seen: dict[Path, tuple[int, int]] = {}

    @property
    def num_landed(self) -> int:
        """Return how many notes have landed."""
        return sum(1 for _ in self._notes())

    def look(self) -> None:
        """Remember what is there: none of it may ever be another file."""
        self._seen |= self._files()

    def num_replaced(self) -> int:
        """Return how many files have become others since they were seen first, or have gone."""
        now = self._files()
        return sum(now.get(path) != seen for path, seen in self._seen.items())

    def landed(self) -> dict[str, list[int]]:
        """Return how many bytes each audio of a note has, by its id."""
        return {
            note.name: [path.stat().st_size for path in note.iterdir()] for note in self._notes()
        }

    def take(self, note_id: str) -> int:
        """Return which take of a note is here."""
        (path,) = (self._folder / note_id).iterdir()
        return take_of(path)

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = ((path, path.stat()) for note in self._notes() for path in note.iterdir())
        return {path: (status.st_ino, status.st_mtime_ns) for path, status in found}

    def _notes(self) -> Iterator[Path]:
        return self._folder.iterdir() if self._folder.exists() else iter(())
