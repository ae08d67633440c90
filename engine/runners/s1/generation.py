"""Frames for many sequences at once: what each carries, and one forward for them all."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, compress

import numpy as np
import torch
from torch import Tensor

from engine.pytorch.memory import memory_for
from engine.runners.s1.blocks import BlockPool
from engine.runners.s1.capture import Capture
from engine.runners.s1.context import Context, ParkedSequence
from engine.runners.s1.draw_state import DrawParameters, DrawState
from engine.runners.s1.errors import ContextFull, PromptRejected
from engine.runners.s1.forward import Forward, NoiseSource
from engine.runners.s1.frame_graphs import FrameGraphs, FrameRow
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.paged_cache import PagedBatch, PagedCache
from engine.runners.s1.prompt import Columns

#: Tokens in a block. Of a shared prompt up to so many less one are computed again, a hundredth of
#: a second on a CPU, and of a sequence's last block half is empty on average.
BLOCK_SIZE = 16


class FrameGenerator:
    """Reads prompts and draws frames, for the sequences in the slots `0..num_slots-1`.

    A sequence has unread columns: of its prompt at first, later the one that was drawn last. A step
    reads some of them, and where none is left, it draws the next column.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        num_slots: int,
        num_blocks: int,
        block_size: int = BLOCK_SIZE,
        noise: NoiseSource | None = None,
        capture: Capture | None = None,
    ) -> None:
        """Make room for sequences.

        Args:
            model: whose frames.
            num_slots: the most sequences at a time.
            num_blocks: of the KV cache.
            block_size: tokens in a block.
            noise: what decides the draws, by counter unless a test replays another's.
            capture: records whole frames; without it every frame is computed anew.
        """
        self._model = model
        self._groups = model.config.slow.num_heads // model.config.slow.num_kv_heads
        self.pool = BlockPool(num_blocks, block_size)
        self._cache = PagedCache(
            model.config.slow, num_blocks, block_size, dtype=model.dtype, device=model.device
        )
        self._contexts: dict[int, Context] = {}
        # One more, for rows of nobody.
        self._state = DrawState(num_slots + 1, model.config.num_codebooks, model.device)
        self._forward = Forward(model, self._state, noise)
        self._graphs: FrameGraphs | None = None
        if capture is not None:
            self._graphs = FrameGraphs(
                self._forward,
                self._cache,
                capture,
                num_slots=num_slots,
                max_context=min(model.config.max_seq_len, num_blocks * block_size),
            )

    def open(
        self,
        slot: int,
        prompt: Columns,
        parameters: DrawParameters,
        *,
        first_frame: int = 0,
        num_shared: int = 0,
    ) -> None:
        """Begin a sequence, or anew the next segment of the one in the slot.

        Args:
            slot: where.
            prompt: (num_codebooks + 1, T).
            parameters: how to draw.
            first_frame: the number of the first frame, so that a segment's noise is its own.
            num_shared: how many of the first columns others may share: those of the voice.

        Raises:
            PromptRejected: the prompt leaves no room for a frame. The slot is as it was.
        """
        self._check_length(prompt)
        self._state.begin(slot, parameters, first_frame)
        if slot in self._contexts:
            self.close(slot)
        self._contexts[slot] = context = Context(prompt, num_shared)
        self.pool.begin(context.table, context.shared)

    def extend(self, slot: int, drawn: Columns, columns: Columns) -> None:
        """Have a sequence read on: the next segment of one whose context is kept.

        Its prompt is from now on what it was, then `drawn`, then `columns`. What was read of that
        is not read again. The frames' numbers go on, and no draw is penalised for those before.

        Args:
            slot: of an open sequence.
            drawn: (num_codebooks + 1, frames), the columns it drew since `open` or the last
                `extend`, in order; one that ended the segment is left out.
            columns: (num_codebooks + 1, n), n at least 1.

        Raises:
            PromptRejected: the prompt leaves no room for a frame. The sequence is as it was.
        """
        context = self._contexts[slot]
        prompt = np.concatenate((context.opened_with, drawn, columns), axis=1)
        self._check_length(prompt)
        self._state.forget(slot)
        context.extend(prompt)

    def park(self, slot: int) -> ParkedSequence:
        """Free the slot; the sequence keeps its keys and values, and can `resume` in any slot."""
        draw_state = self._state.copy_out(slot)
        return ParkedSequence(self._contexts.pop(slot), draw_state)

    def resume(self, slot: int, parked: ParkedSequence) -> None:
        """Let a parked sequence go on in a free slot."""
        self._state.copy_in(slot, parked.draw_state)
        self._contexts[slot] = parked.context

    def num_unread(self, slot: int) -> int:
        """Count the columns to read before the next frame can be drawn: at least one."""
        return max(1, self._contexts[slot].num_left)

    def reserve(self, slot: int, budget: int) -> int:
        """Take the blocks for reading up to `budget` columns; return how many there are to read.

        Raises:
            OutOfBlocks: there are not enough; the sequence is as it was.
            ContextFull: the sequence is as long as the model can read.
        """
        context = self._contexts[slot]
        table = context.table
        if not table.blocks:
            # It was evicted: what others have read of its voice is not read again.
            self.pool.begin(table, context.shared)
        length = min(budget, max(1, context.num_left))
        num_tokens = table.num_tokens + length
        limit = self._model.config.max_seq_len
        if num_tokens > limit:
            raise ContextFull(f"slot {slot} has {limit} tokens, and the model reads no more")
        if num_tokens > len(table.blocks) * self.pool.block_size:
            self.pool.grow(table, num_tokens)
        return length

    def step(self, lengths: Mapping[int, int]) -> tuple[list[int], Tensor]:
        """Read so many columns of each slot, as `reserve` returned them.

        Returns:
            The slots that drew, and their columns (B, num_codebooks + 1) int64: `NOT_DRAWN`
            throughout where a sequence's state is not finite, and the sequence is lost.

        Raises:
            OutOfMemory: the device has no memory for so many rows; nothing was read.
        """
        with memory_for("so many rows"):
            drawn, columns = self._step(lengths)
        for slot, length in lengths.items():
            self._advance(slot, length)
        return drawn, columns

    def context(self, slot: int) -> Context:
        """Return what the sequence in the slot has read."""
        return self._contexts[slot]

    def evict(self, context: Context, drawn: Columns) -> None:
        """Give up the blocks of a sequence, parked or not; it goes on once it has read all again.

        `drawn` (num_codebooks + 1, frames) are the columns it drew since `open` or the last
        `extend`, in order.
        """
        self.pool.close(context.table)
        context.read_again(drawn)

    def close(self, slot: int) -> None:
        """End the sequence. What it shared stays as long as there is room."""
        self.pool.close(self._contexts.pop(slot).table)

    def close_parked(self, parked: ParkedSequence) -> None:
        """End a parked sequence."""
        self.pool.close(parked.context.table)

    def _check_length(self, prompt: Columns) -> None:
        limit = self._model.config.max_seq_len
        if prompt.shape[1] >= limit:
            raise PromptRejected(f"a prompt of {prompt.shape[1]} tokens; the limit is {limit - 1}")

    def _step(self, lengths: Mapping[int, int]) -> tuple[list[int], Tensor]:
        return self._read(lengths) if self._graphs is None else self._draw(lengths, self._graphs)

    def _draw(self, lengths: Mapping[int, int], graphs: FrameGraphs) -> tuple[list[int], Tensor]:
        """Do as `_read`, with every frame as it is recorded: it reads one column before it draws.

        So the last column of a prompt is left to it.
        """
        rows, reading, ending = [], {}, []
        for slot, length in lengths.items():
            context = self._contexts[slot]
            num_left, table = context.num_left, context.table
            if num_left > length:
                reading[slot] = length
                continue
            rows.append(FrameRow(slot, table.blocks, table.num_tokens + length - 1))
            if num_left > 0:
                ending.append(slot)
            if length > 1:
                reading[slot] = length - 1
        # What is not recorded comes first: it may find no memory, and then nothing has happened.
        if reading:
            self._read(reading)
        if ending:
            last = np.stack([self._contexts[slot].prompt[:, -1] for slot in ending])
            self._state.columns[ending] = torch.from_numpy(last).to(self._model.device)
        if not rows:
            return [], self._state.columns[:0]
        drawn, columns = graphs.draw(rows)
        # To the host: what was drawn must not be lost for want of the device's memory.
        return drawn, columns.to("cpu", copy=True)

    def _read(self, lengths: Mapping[int, int]) -> tuple[list[int], Tensor]:
        contexts = [self._contexts[slot] for slot in lengths]
        rows = [(each.table, n) for each, n in zip(contexts, lengths.values(), strict=True)]
        left = [each.num_left for each in contexts]
        batch = PagedBatch(self._cache, rows, self._groups)
        columns = self._next_columns(lengths, left)
        states = self._forward.read(columns, batch.positions, batch)
        is_drawn = [num_left <= n for num_left, n in zip(left, lengths.values(), strict=True)]
        drawn = list(compress(lengths, is_drawn))
        if not drawn:
            return drawn, self._state.columns[:0]
        last = [end - 1 for end in compress(accumulate(lengths.values()), is_drawn)]
        slots = torch.tensor(drawn, device=self._model.device)
        return drawn, self._forward.draw(states[last], slots)

    def _next_columns(self, lengths: Mapping[int, int], left: Sequence[int]) -> Tensor:
        if max(left) <= 0:
            # What most steps read, and nothing else: in one go.
            slots = torch.tensor(list(lengths), device=self._model.device)
            return self._state.columns.index_select(0, slots)
        return torch.cat([self._unread(slot, length) for slot, length in lengths.items()])

    def _unread(self, slot: int, length: int) -> Tensor:
        """Return the next columns (length, num_codebooks + 1) to read."""
        context = self._contexts[slot]
        if context.num_left <= 0:
            return self._state.columns[slot : slot + 1]
        return torch.from_numpy(context.next_columns(length)).to(self._model.device)

    def _advance(self, slot: int, length: int) -> None:
        context = self._contexts[slot]
        before = context.table.num_tokens
        context.table.num_tokens += length
        if before < context.num_shared:
            self.pool.share(context.table, context.shared)
