"""In which order the rows of a step stand: playback deadlines, and a floor for notes."""

from collections.abc import Iterable, Iterator
from itertools import count

from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.sequence import Sequence


class RowOrder:
    """Orders the rows of each step, and remembers what it owes the notes.

    Calls that are dry take turns: whoever has waited for longest is next. A step need not reach the
    notes: it may hold fewer rows than their floor and one call, and a runner may leave out the
    tail. What the notes missed puts them first later on, so that of all rows they get the floor's
    share while they want it.
    """

    def __init__(self, num_rows: int, limits: SchedulerLimits) -> None:
        """Share out steps of up to `num_rows` rows."""
        self._limits = limits
        self._call_rows = max(num_rows - limits.note_floor, 1)
        self._note_rows = min(max(num_rows - self._call_rows, 1), limits.note_floor)
        #: What the notes missed: rows times `_call_rows`, to stay whole.
        self._missed = 0
        #: The notes that want a row of the step under way.
        self._notes: set[int] = set()
        self._turns = count()

    def join(self, sequence: Sequence, now_s: float) -> None:
        """Take in a sequence that wants audio from now on."""
        sequence.playback.want(now_s)
        sequence.turn = next(self._turns)

    def groups(
        self, sequences: Iterable[Sequence], now_s: float
    ) -> list[tuple[Iterator[Sequence], int]]:
        """Return who is next, group after group, and how many rows each may have at most.

        Urgent calls by deadline, notes by age, and last the calls that are far ahead. A sequence
        that finds no slot has no row, and leaves its place to the next of its kind.
        """
        urgent: list[tuple[float, int, Sequence]] = []
        aged: list[tuple[int, Sequence]] = []
        ahead: list[tuple[float, int, Sequence]] = []
        comfortable_s = now_s + self._limits.target_lead_s
        for sequence in sequences:
            if sequence.is_call(now_s):
                dry_s = sequence.playback.dry_s
                entry = (dry_s, sequence.turn, sequence)
                (ahead if dry_s >= comfortable_s else urgent).append(entry)
            else:
                aged.append((sequence.id, sequence))
        self._notes = {note_id for note_id, _ in aged}
        calls = iter([sequence for _, _, sequence in sorted(urgent)])
        notes = iter([sequence for _, sequence in sorted(aged)])
        missed = self._missed // self._call_rows
        return [
            (notes, missed),
            (calls, self._call_rows),
            (notes, self._limits.note_floor - missed),
            (calls, len(urgent)),
            (notes, len(aged)),
            (iter([sequence for _, _, sequence in sorted(ahead)]), len(ahead)),
        ]

    def record(self, made: list[Sequence]) -> None:
        """Take note of the sequences whose rows a step made, in the order of its rows."""
        for sequence in made:
            # Those of one step often run dry at the same moment. Were it always the same of them
            # that comes first then, it would gain a little on the others in every round.
            sequence.turn = next(self._turns)
        num_notes = sum(sequence.id in self._notes for sequence in made)
        missed = -num_notes * self._call_rows
        if num_notes < min(self._limits.note_floor, len(self._notes)):
            missed += (len(made) - num_notes) * self._note_rows
        # No more than two steps' worth is owed, lest the calls pay for a long wait in one go.
        most = 2 * self._note_rows * self._call_rows
        self._missed = min(max(self._missed + missed, 0), most)
