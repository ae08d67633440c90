"""What the faces of the jobs share: where they wait, where they land, and who makes them known."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.jobs.queue import NoteQueue
from server.jobs.relay import Relay
from server.jobs.store import AudioStore

#: An hour of speech is 54,000 characters: this is more than a day's work for a reader.
MAX_CHARS = 400_000
#: Whoever waits for a note has given it up by then.
EXPIRY_S = 7 * 86_400.0
#: Whoever wanted it has fetched it by then.
RETENTION_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What one job may be, and how long it is kept. Times are in seconds."""

    max_chars: int = MAX_CHARS
    expiry_s: float = EXPIRY_S
    retention_s: float = RETENTION_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The queue, the store, the relay of what is being made, and the limits."""

    queue: NoteQueue
    store: AudioStore
    relay: Relay
    #: Takes are written here, on a disk of this machine.
    spools: Path
    limits: JobLimits = JobLimits()
    #: Unix time, in seconds: it is shared with other processes, and outlives this one.
    clock: Callable[[], float] = time.time
