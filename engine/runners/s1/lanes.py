"""Where the tensors of sequences are: in a lane of the batch, or aside.

Sequences that have a slot may be many more than a step has rows. Each lane holds one of them, and
whoever is planned without a lane takes that of the one that was not planned for the longest time.
"""

from collections import OrderedDict
from collections.abc import Collection

from engine.runners.s1.codec import CodecState, Decoder, slots_of
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
        """Return the sequence's lane; none of the `planned` ones gives up its own for it."""
        if sequence.lane is None:
            if not self._free:
                self.leave(next(s for s in self._sitting.values() if s.id not in planned))
            self._sit_down(sequence, self._free.pop())
        self._sitting.move_to_end(sequence.id)
        assert sequence.lane is not None  # noqa: S101 it has just sat down
        return sequence.lane

    def leave(self, sequence: Sequence) -> None:
        """Set a sequence aside, with all its state."""
        lane = self._vacate(sequence)
        if lane is None:
            return
        language_model = self._generator.park(lane) if sequence.has_begun else None
        sequence.aside = Aside(self.codec_state.copy_out(lane), language_model)

    def drop(self, sequence: Sequence) -> None:
        """Forget a sequence's state, wherever it is."""
        lane = self._vacate(sequence)
        if lane is not None and sequence.has_begun:
            self._generator.close(lane)
        aside, sequence.aside = sequence.aside, None
        if aside is not None and aside.language_model is not None:
            self._generator.close_parked(aside.language_model)

    def evict(self, sequence: Sequence) -> None:
        """Set a sequence aside that has to read all again before it goes on."""
        self.leave(sequence)
        aside = sequence.aside
        if aside is not None and aside.language_model is not None:
            self._generator.evict(aside.language_model, sequence.drawn_columns())

    def _sit_down(self, sequence: Sequence, lane: int) -> None:
        sequence.lane = lane
        self._sitting[sequence.id] = sequence
        aside, sequence.aside = sequence.aside, None
        if aside is None:
            self.codec_state.reset(slots_of([lane], self._device))
            return
        self.codec_state.copy_in(lane, aside.codec)
        if aside.language_model is not None:
            self._generator.resume(lane, aside.language_model)

    def _vacate(self, sequence: Sequence) -> int | None:
        lane, sequence.lane = sequence.lane, None
        if lane is not None:
            del self._sitting[sequence.id]
            self._free.append(lane)
            self._free.sort(reverse=True)
        return lane
