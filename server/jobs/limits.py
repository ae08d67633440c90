"""What one job may be, and how long it is kept."""

from dataclasses import dataclass

#: Seven hours of speech. What is longer is better several notes: each is made anew as a whole where
#: a process dies.
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
    #: Whether a webhook may lead into a network that is not public.
    allows_private: bool = False
