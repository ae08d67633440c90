"""What one job may be, how many there are at once, and how long they are kept."""

from dataclasses import dataclass

#: Seven hours of speech. What is longer is better several notes: each is made anew as a whole where
#: a process dies.
MAX_CHARS = 400_000
#: Whoever waits for a note has given it up by then.
EXPIRY_S = 7 * 86_400.0
#: Whoever wanted it has fetched it by then.
RETENTION_S = 7 * 86_400.0
#: Of audio that waits: three weeks of it, or fifty thousand notes of forty seconds.
MAX_QUEUED_S = 2_000_000.0
#: A process that says nothing for so long has died, or may as well have.
LEASE_S = 30.0
#: Made at once. What an engine gains by larger batches of notes, calls would feel.
NOTE_SLOTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What one job may be, and how long it is kept. Times are in seconds."""

    max_chars: int = MAX_CHARS
    expiry_s: float = EXPIRY_S
    retention_s: float = RETENTION_S
    #: Of audio, in all that waits: a job that is longer can never be accepted.
    max_queued_s: float = MAX_QUEUED_S
    #: Whether a webhook may lead into a network that is not public.
    allows_private: bool = False
