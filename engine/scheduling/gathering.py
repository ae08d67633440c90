"""Who waits for its next row until its credit is worth one."""

from engine.scheduling.sequence import Sequence

#: Whoever plays and has more than this left can wait: many times what a step takes in which a
#: model makes whole chunks for its calls.
GATHER_LEAD_S = 1.0
#: Nobody gathers for longer after a grant: whoever grants as it plays grants again within this.
#: Else nothing more may come, so what was granted is made, and its end is told.
GATHER_S = 0.5


class Gathering:
    """Sequences with credit for less than a chunk, whose listeners have enough to play.

    Listeners grant what they have played several times a second. A row for each grant would cost
    the engine, and all that a chunk passes through, more than one row for two of them. Only the
    word of a listener that it plays is proof: another one may wait for the last sample it granted.
    """

    def __init__(self, chunk_samples: int) -> None:
        """Take credit for `chunk_samples`, the most that a row makes, as worth a row."""
        self._chunk = chunk_samples
        #: Whether the model makes a whole chunk in a step. Else there is nothing to gain.
        self.is_worthwhile = False
        self._waiting: dict[int, Sequence] = {}

    @property
    def wake_s(self) -> float | None:
        """Return when somebody has waited for long enough, or None while nobody waits."""
        return min(map(_due_s, self._waiting.values()), default=None)

    def look(self, sequence: Sequence, now_s: float) -> None:
        """Let the sequence gather credit or not, as things stand."""
        sequence.gathers = self.is_worthwhile and self._can_wait(sequence, now_s)
        if sequence.gathers:
            self._waiting[sequence.id] = sequence
        else:
            self.leave(sequence)

    def _can_wait(self, sequence: Sequence, now_s: float) -> bool:
        is_short = sequence.has_speech and 0 < sequence.credit < self._chunk
        return is_short and sequence.playback.is_heard and _due_s(sequence) > now_s

    def leave(self, sequence: Sequence) -> None:
        """Forget the sequence."""
        self._waiting.pop(sequence.id, None)

    def due(self, now_s: float) -> list[Sequence]:
        """Return those that have waited for long enough."""
        return [each for each in self._waiting.values() if _due_s(each) <= now_s]


def _due_s(sequence: Sequence) -> float:
    return min(sequence.playback.dry_s - GATHER_LEAD_S, sequence.granted_s + GATHER_S)
