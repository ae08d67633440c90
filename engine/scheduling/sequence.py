"""One utterance inside the engine: its text, its credit, how far it has come."""

from dataclasses import dataclass

from engine.outputs import (
    Blocked,
    Chunk,
    Finished,
    Flushed,
    Mark,
    MarkUnit,
    Output,
)
from engine.request import ServiceClass, SynthesisRequest
from engine.scheduling.backlog import Backlog
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.playback import Playback
from engine.steps import FinishReason, RowResult, WordMark
from engine.text.segment import Segment


@dataclass(slots=True, eq=False, kw_only=True)
class Sequence:
    """The mutable state of one sequence. Sample counts are at the model's rate."""

    id: int
    request: SynthesisRequest
    backlog: Backlog
    playback: Playback
    granted: int
    #: When credit came for the last time.
    granted_s: float = float("-inf")
    produced: int = 0
    slot: int | None = None
    #: Its place among those that run dry at the same moment: the lower one comes first.
    turn: int = 0
    #: It has enough to play, and waits until its credit is worth a row.
    gathers: bool = False
    #: When the last text came.
    _text_s: float = float("-inf")
    #: Whether all that it left undecided was let go since, but for an unfinished word.
    _holds_word: bool = False
    _current: Segment | None = None
    _segment_at: int = 0
    _segment_marked: bool = False
    #: Up to which character of all text words are marked.
    _marked_to: int = 0
    _blocked: bool = False

    @property
    def has_speech(self) -> bool:
        """Tell whether there is a segment to speak or to go on speaking."""
        return self._current is not None or self.backlog.head is not None

    @property
    def credit(self) -> int:
        """Return the samples that may still be made. Negative once a frame overshot."""
        return self.granted - self.produced

    @property
    def is_schedulable(self) -> bool:
        """Tell whether a step should bring it forward: it has speech, and credit worth a row."""
        return self.has_speech and self.credit > 0 and not self.gathers

    @property
    def is_call(self) -> bool:
        """Tell whether it has a deadline from its first sample to its last."""
        return self.request.service_class is ServiceClass.CALL

    def has_listener(self, now_s: float) -> bool:
        """Tell whether somebody waits for it now: a call, or a note in its head start."""
        return self.is_call or self.playback.lead_s(now_s) < self.request.head_start_s

    def append(self, text: str, now_s: float) -> list[Output]:
        """Take more text. After `end` it is ignored, and so is none."""
        if self.backlog.append(text):
            self._text_s, self._holds_word = now_s, False
        return self.settle()

    def flush(self, token: int) -> list[Output]:
        """Cut the segment here; the token's `Flushed` follows its last sample."""
        self.backlog.flush(token)
        return self.settle()

    def end(self) -> list[Output]:
        """Take note that no more text will come."""
        self.backlog.end()
        return self.settle()

    def release_s(self, limits: SchedulerLimits) -> float:
        """Return when what is held back undecided must be spoken, or some of it."""
        return self._text_s + (limits.word_hold_s if self._holds_word else limits.text_hold_s)

    def release_held_text(self, limits: SchedulerLimits, now_s: float) -> list[Output]:
        """Speak what was held back for more text that did not come in time."""
        self.backlog.expire(whole=self._text_s + limits.word_hold_s <= now_s)
        self._holds_word = True
        return self.settle()

    def grant(self, upto: int, now_s: float) -> None:
        """Raise the credit to `upto`; a smaller one changes nothing."""
        if upto > self.granted:
            self.granted, self.granted_s = upto, now_s
        # A grant that does not even cover the overshoot of the last frame leaves the stall one.
        self._blocked = self._blocked and self.credit <= 0

    def next_segment(self) -> Segment | None:
        """Begin the next segment and return it, or None while the last one is unfinished."""
        if self._current is not None:
            return None
        head = self.backlog.pop()
        assert isinstance(head, Segment)  # noqa: S101 settle() leaves no token at the head
        self._current = head
        self._segment_at, self._segment_marked = self.produced, False
        return head

    def advance(self, row: RowResult, now_s: float) -> list[Output]:
        """Take what a step made for the current segment."""
        underran = self.playback.produce(now_s, len(row.pcm))
        marks = self._marks(row.marks)
        chunk = Chunk(self.id, self.produced, row.pcm, marks, row.segment_done, underran)
        self.produced += len(row.pcm)
        if row.gave_up is not None:
            return [chunk, Finished(self.id, self.produced, row.gave_up)]
        if row.segment_done:
            self._current = None
        elif self.credit > 0:
            return [chunk]
        return [chunk, *self.settle()]

    def settle(self) -> list[Output]:
        """Say what has become true: flushes reached, the end reached, credit used up."""
        outputs: list[Output] = []
        while self._current is None and isinstance(token := self.backlog.head, int):
            self.backlog.pop()
            outputs.append(Flushed(self.id, token, self.produced))
        if self.is_finished:
            outputs.append(Finished(self.id, self.produced, FinishReason.END))
        elif self.has_speech and self.credit <= 0 and not self._blocked:
            self._blocked = True
            outputs.append(Blocked(self.id, self.produced))
        return outputs

    @property
    def is_finished(self) -> bool:
        """Tell whether all text is known and spoken."""
        return self._current is None and self.backlog.exhausted

    def _marks(self, words: tuple[WordMark, ...]) -> tuple[Mark, ...]:
        segment = self._current
        assert segment is not None  # noqa: S101 rows are planned for a begun segment only
        if self._segment_marked and not words:
            return ()
        marks = self._word_marks(segment, words)
        if not self._segment_marked:
            self._segment_marked = True
            marks.insert(0, Mark(self._segment_at, segment.start, segment.end, MarkUnit.SEGMENT))
        return tuple(marks)

    def _word_marks(self, segment: Segment, words: tuple[WordMark, ...]) -> list[Mark]:
        marks = []
        for word in words:
            start, end = segment.written(word.start, word.end)
            # Of the words that a number is read as, the first one marks it.
            if start >= self._marked_to:
                self._marked_to = end
                marks.append(Mark(self._segment_at + word.at, start, end, MarkUnit.WORD))
        return marks
