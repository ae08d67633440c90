"""Who holds memory in the runner, and who gives it up when a row found none."""

from collections.abc import Iterable

from engine.scheduling.sequence import Sequence

#: Where nobody had a row for so long, calls that hold memory have nothing to say; those that only
#: wait for credit have one several times a second.
IDLE_S = 2.0
#: Whoever speaks on may have given some back unseen, as one whose long context begins anew does. To
#: try costs a prompt that is read again, now and then in vain.
RETRY_S = 5.0


class Memory:
    """Remembers who may hold memory, who found none, and who waits until some is given back.

    A sequence may hold some from its first row until it is over or evicted. The newest note gives
    up its own first, an idle one before one that speaks, then the newest call that has nothing to
    say. A note that speaks keeps it where all others are idle.
    """

    def __init__(self) -> None:
        self._holders: dict[int, Sequence] = {}
        #: Those evicted while they had something to say: at once they would only be evicted again.
        self._waiting: dict[int, Sequence] = {}
        #: Holders that found none in the last step.
        self._starving: dict[int, Sequence] = {}
        self._may_return = False
        self._last_row_s = float("-inf")
        #: When somebody tried again, or there was last nobody to.
        self._tried_s = float("inf")

    @property
    def is_short(self) -> bool:
        """Tell whether somebody starves."""
        return bool(self._starving)

    def is_waiting(self, sequence: Sequence) -> bool:
        """Tell whether the sequence must not be planned yet."""
        return sequence.id in self._waiting

    def take(self, sequence: Sequence, now_s: float) -> None:
        """Record that a row is planned for the sequence."""
        self._holders[sequence.id] = sequence
        self._last_row_s = now_s

    def give_back(self, sequence: Sequence) -> None:
        """Record that the sequence is over."""
        self._waiting.pop(sequence.id, None)
        self._starving.pop(sequence.id, None)
        if self._holders.pop(sequence.id, None) is not None:
            self._may_return = True

    def rest(self, sequence: Sequence) -> None:
        """Record that the sequence has nothing to say now: as a note, it is evicted for others."""
        self._starving.pop(sequence.id, None)
        self._may_return = self._may_return or not sequence.is_call

    def starve(self, sequences: Iterable[Sequence]) -> None:
        """Record who found no memory in the last step."""
        self._starving = {sequence.id: sequence for sequence in sequences}

    def returning(self, now_s: float) -> list[Sequence]:
        """Let the oldest of those who wait try again and return it, once some was given back.

        Or once nobody has had a row for `IDLE_S`: then those who hold it need it less; or every
        `RETRY_S`. The next one follows with the next step unless somebody starves: all at once
        would starve each other.
        """
        if not self._waiting:
            self._tried_s = now_s
        if self._starving or not self._waiting:
            return []
        is_idle = now_s - self._last_row_s >= IDLE_S
        self._may_return = self._may_return or is_idle
        if not self._may_return and now_s - self._tried_s < RETRY_S:
            return []
        self._tried_s = now_s
        return [self._waiting.pop(min(self._waiting))]

    def admitted(self, sequences: Iterable[Sequence]) -> Iterable[Sequence]:
        """Return those of `sequences` that may have a row.

        While somebody starves, nobody joins that would have to give up its memory for it.
        """
        if not self._starving:
            return sequences
        first = min(map(_rank, self._starving.values()))
        return [each for each in sequences if each.id in self._holders or _rank(each) < first]

    def last(self) -> Sequence:
        """Return the holder that gives up its memory next. There must be one."""
        idle = [each for each in self._holders.values() if not each.is_schedulable]
        is_wanted_by_one = len(idle) == len(self._holders) - 1
        return max((is_wanted_by_one and idle) or self._holders.values(), key=_rank)

    def can_spare(self, holder: Sequence) -> bool:
        """Tell whether the last holder may be evicted; else it has to end.

        A call that speaks cannot wait, and one that is alone waits for nobody.
        """
        can_wait = not (holder.is_call and holder.is_schedulable)
        return can_wait and len(self._holders) > 1

    def evict(self, holder: Sequence) -> None:
        """Record that a holder gives up its memory."""
        del self._holders[holder.id]
        self._starving.pop(holder.id, None)
        self._may_return = False
        if holder.is_schedulable:
            self._waiting[holder.id] = holder


def _rank(sequence: Sequence) -> tuple[bool, bool, int]:
    return not sequence.is_call, not sequence.is_schedulable, sequence.id
