"""In which order the rows of a step stand: playback deadlines, and a floor for notes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count

from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Group:
    """Sequences in the order of their rows, and how many rows they may have at most."""

    sequences: Iterator[Sequence]
    most: int
    #: Whether they get no row that would make the step too long for the calls.
    is_spare: bool = False


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
        self._call_rows = limits.call_rows(num_rows)
        self._note_rows = limits.note_rows(num_rows)
        #: What the notes missed: rows times `_call_rows`, to stay whole.
        self._missed = 0
        #: The notes that want a row of the step under way.
        self._notes: set[int] = set()
        self._turns = count()

    def join(self, sequence: Sequence) -> None:
        """Take in a sequence that is to be planned from now on."""
        sequence.turn = next(self._turns)

    def groups(self, sequences: Iterable[Sequence], now_s: float) -> list[Group]:
        """Return who is next, group after group.

        Urgent calls by deadline, notes by age, and last the calls that are far ahead; of the notes
        those first that somebody listens to. A sequence that finds no slot has no row, and leaves
        its place to the next of its kind.
        """
        urgent: list[tuple[float, int, Sequence]] = []
        ahead: list[tuple[float, int, Sequence]] = []
        early: list[tuple[float, int, Sequence]] = []
        aged: list[tuple[int, Sequence]] = []
        comfortable_s = now_s + self._limits.target_lead_s
        for sequence in sequences:
            entry = (sequence.playback.dry_s, sequence.turn, sequence)
            if sequence.is_call:
                (ahead if entry[0] >= comfortable_s else urgent).append(entry)
            elif sequence.has_listener(now_s):
                early.append(entry)
            else:
                aged.append((sequence.id, sequence))
        self._notes = {note_id for note_id, _ in aged}
        calls = _in_order(urgent)
        old_notes = iter([sequence for _, sequence in sorted(aged)])
        notes = chain(_in_order(early), old_notes)
        missed = self._missed // self._call_rows
        is_spare = bool(urgent or ahead)
        return [
            Group(old_notes, missed),
            Group(calls, self._call_rows),
            Group(notes, self._limits.note_floor - missed),
            Group(calls, len(urgent)),
            Group(notes, len(early) + len(aged), is_spare),
            Group(_in_order(ahead), len(ahead), is_spare),
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


def _in_order(entries: list[tuple[float, int, Sequence]]) -> Iterator[Sequence]:
    return iter([sequence for _, _, sequence in sorted(entries)])
