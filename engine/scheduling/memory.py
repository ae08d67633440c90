"""Who holds memory in the runner, and who gives it up when a row found none."""

from engine.scheduling.sequence import Sequence

#: Where nobody had a row for so long, calls that hold memory have nothing to say; those that only
#: wait for credit have one several times a second.
IDLE_S = 2.0


class Memory:
    """Remembers the holders of memory, and who waits until some is given back.

    A sequence holds some from its first row until it is over or evicted. The newest note gives up
    its own first, an idle one before one that speaks, then the newest call that has nothing to say.
    A note that speaks keeps it where all others are idle.
    """

    def __init__(self) -> None:
        self._holders: dict[int, Sequence] = {}
        #: Those evicted while they had something to say: at once they would only be evicted again.
        self._waiting: dict[int, Sequence] = {}
        self._is_given_back = False
        self._may_return = False
        self._last_row_s = float("-inf")

    @property
    def is_given_back(self) -> bool:
        """Tell whether a holder is over since `returning` was asked."""
        return self._is_given_back

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
        if self._holders.pop(sequence.id, None) is not None:
            self._is_given_back = self._may_return = True

    def rest(self, sequence: Sequence) -> None:
        """Record that the sequence has nothing to say now: as a note, it is evicted for others."""
        self._may_return = self._may_return or not sequence.is_call

    def returning(self, now_s: float) -> list[Sequence]:
        """Let those who wait try again and return them, if anybody gave back some memory since.

        Or if nobody has had a row for `IDLE_S`: then those who hold it need it less.
        """
        is_idle = now_s - self._last_row_s >= IDLE_S
        returned = list(self._waiting.values()) if self._may_return or is_idle else []
        for sequence in returned:
            del self._waiting[sequence.id]
        self._is_given_back = self._may_return = False
        return returned

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
        if holder.is_schedulable:
            self._waiting[holder.id] = holder


def _rank(sequence: Sequence) -> tuple[bool, bool, int]:
    return not sequence.is_call, not sequence.is_schedulable, sequence.id
