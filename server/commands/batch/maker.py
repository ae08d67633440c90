"""The seam of a batch: whoever makes its notes, in this process or elsewhere."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from server.commands.batch.orders import Request
from server.jobs.job import JobState


@dataclass(frozen=True, slots=True)
class Accepted:
    """The note will be made, and has this id."""

    note_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be made."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """There is no room for it now, but should be after so many seconds."""

    after_s: float


Answer: TypeAlias = Accepted | Refused | Later


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How far a note is: seconds of audio made, and why it failed, where it has."""

    state: JobState
    made_s: float
    reason: str | None = None


class NoteGone(Exception):
    """There is no such note any more."""


class NoteMaker(Protocol):
    """Makes notes. What is away for a while is waited for; `CommandError` is the end of it."""

    async def submit(self, requests: Sequence[Request]) -> list[Answer]:
        """Ask for notes. Asked once more with the same key, it is the same note."""
        ...

    def follow(self, note_id: str) -> AsyncGenerator[Sight, None]:
        """Yield how far a note is, to its end.

        Raises:
            NoteGone: see there.
        """
        ...

    async def retry(self, note_id: str) -> None:
        """Send a note again that has failed or was cancelled.

        Raises:
            NoteGone: see there.
        """
        ...

    async def save(self, note_id: str, path: Path) -> None:
        """Write the audio of a note that is stored to `path`.

        Raises:
            NoteGone: see there.
            OSError: the disk refuses it.
        """
        ...

    async def forget(self, note_id: str) -> None:
        """Hear that a note has arrived."""
        ...
