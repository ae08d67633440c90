"""The numbers of the scheduler, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerLimits:
    """How the rows of a step are shared out."""

    #: Sequences that can be in the batch at once.
    num_slots: int = 128
    #: Slots and rows that notes keep however many calls there are, so that they never starve.
    note_floor: int = 8
    #: A call further ahead of its listener than this comes last. Two seconds cover the worst gap
    #: between two steps and a round trip many times over, and little is wasted when interrupted.
    target_lead_s: float = 2.0
    #: Undecided text is spoken when no more came for this long: a writer that pauses for longer
    #: than half a second has stopped in the middle, and the listener should hear what there is.
    text_hold_s: float = 0.5
    #: An unfinished word is, when no text came for this long: whoever has written no letter for a
    #: second and a half is not in the middle of a word, but at its end.
    word_hold_s: float = 1.5
    #: The longest a runner may hold a step once it has made something: a tenth of the wait that a
    #: caller would notice, so cancels and new calls are seen in time.
    step_budget_s: float = 0.010
    #: The same where the model is too slow for a call and there is none: only cancels and other
    #: notes wait for the end of a step, and a second is soon enough for them.
    slow_step_budget_s: float = 1.0
    #: The largest chunk in frames: more would delay every other row of the batch.
    max_chunk_frames: int = 8

    def call_rows(self, num_rows: int) -> int:
        """Return how many of the rows of a step are for calls, however many notes there are."""
        return max(num_rows - self.note_floor, 1)

    def note_rows(self, num_rows: int) -> int:
        """Return how many are for notes, however many calls there are."""
        return min(max(num_rows - self.call_rows(num_rows), 1), self.note_floor)
