"""What a run counts."""

from collections import Counter
from dataclasses import dataclass, field

from loadtest.statistics import Distribution

#: What a player may hold back before it starts, in seconds: nothing, and what hides a late packet.
PREBUFFERS_S = (0.0, 0.060)


@dataclass(slots=True)
class Counters:
    """Of the whole run: what came in, by every connection."""

    messages_received: int = 0
    bytes_received: int = 0
    #: Messages of a stream that came while its `cancel` was under way.
    late_messages: int = 0
    #: Connections on which the server broke the protocol: audio after `cancelled` is one such.
    protocol_faults: int = 0


@dataclass(slots=True)
class Measurements:
    """Of the turns that belong to the measured time."""

    #: From the intended time of a turn: refused, failed and timed-out turns count as failures.
    first_audio: Distribution = field(default_factory=Distribution)
    #: From the intended time of a `cancel` to `cancelled`.
    cancelled: Distribution = field(default_factory=Distribution)
    #: What a refusal advised to wait; one without advice counts as a failure.
    retry_after: Distribution = field(default_factory=Distribution)
    #: By pre-buffer.
    underruns: Counter[float] = field(default_factory=Counter)
    text_stalls: Counter[float] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    turns_done: int = 0
    retries: int = 0
    retries_admitted: int = 0
