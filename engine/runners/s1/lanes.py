"""Where the tensors of sequences are: in a lane of the batch, or aside.

Sequences that have a slot may be many more than a step has rows. Each lane holds one of them, and
whoever is planned without a lane takes that of the one that was not planned for the longest time.
"""

from collections import OrderedDict
from collections.abc import Collection

from engine.pytorch.memory import memory_for
from engine.runners.s1.codec import CodecState, Decoder, slots_of
from engine.runners.s1.context import Context
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.sequence import Aside, Sequence


class Lanes:
    """The lanes `0..num_lanes-1`, in the language model and in the codec alike."""

    def __init__(
        self, generator: FrameGenerator, decoder: Decoder, num_lanes: int, max_chunk: int
    ) -> None:
        """Let the codec of every lane decode up to `max_chunk` frames at a time."""
        self._generator = generator
        self._device = decoder.device
        self._free = list(range(num_lanes - 1, -1, -1))
        #: Who sits in a lane; those that were planned last come last.
        self._sitting: OrderedDict[int, Sequence] = OrderedDict()
        #: What the codec remembers of every lane, and of one more for rows of nobody.
        self.codec_state: CodecState = decoder.new_state(num_lanes + 1, max_chunk)

    def seat(self, sequence: Sequence, planned: Collection[int]) -> int:
        """Return the sequence's lane; none of the `planned` ones gives up its own for it.

        Raises:
            OutOfMemory: there was none to set another one aside; all are where they were.
        """
        lane = sequence.lane
        if lane is None:
            with memory_for("the state of a sequence"):
                if not self._free:
                    self._leave(next(s for s in self._sitting.values() if s.id not in planned))
                lane = self._sit_down(sequence)
        self._sitting.move_to_end(sequence.id)
        return lane

    def drop(self, sequence: Sequence) -> None:
        """Forget a sequence's state, wherever it is."""
        lane = self._vacate(sequence)
        if lane is not None and sequence.has_begun:
            self._generator.close(lane)
        aside, sequence.aside = sequence.aside, None
        if aside is not None and aside.language_model is not None:
            self._generator.close_parked(aside.language_model)

    def evict(self, sequence: Sequence) -> None:
        """Have a sequence give up its blocks: it has to read all again before it goes on.

        What else there is of it stays where it is, since setting it aside would take memory.
        """
        context = self.context(sequence)
        if context is not None:
            self._generator.evict(context, sequence.drawn_columns())

    def context(self, sequence: Sequence) -> Context | None:
        """Return what a sequence has read, wherever it is; None if it has not begun."""
        if sequence.lane is not None:
            return self._generator.context(sequence.lane) if sequence.has_begun else None
        aside = sequence.aside
        parked = None if aside is None else aside.language_model
        return None if parked is None else parked.context

    def _leave(self, sequence: Sequence) -> None:
        lane = sequence.lane
        assert lane is not None  # noqa: S101 only those that sit leave
        # The copies come first, lest there be no memory for them.
        codec = self.codec_state.copy_out(lane)
        language_model = self._generator.park(lane) if sequence.has_begun else None
        self._vacate(sequence)
        sequence.aside = Aside(codec, language_model)

    def _sit_down(self, sequence: Sequence) -> int:
        lane, aside = self._free[-1], sequence.aside
        if aside is None:
            self.codec_state.reset(slots_of([lane], self._device))
        else:
            self.codec_state.copy_in(lane, aside.codec)
            if aside.language_model is not None:
                self._generator.resume(lane, aside.language_model)
        self._free.pop()
        sequence.lane, sequence.aside = lane, None
        self._sitting[sequence.id] = sequence
        return lane

    def _vacate(self, sequence: Sequence) -> int | None:
        lane, sequence.lane = sequence.lane, None
        if lane is not None:
            del self._sitting[sequence.id]
            self._free.append(lane)
            self._free.sort(reverse=True)
        return lane
