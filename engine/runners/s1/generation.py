"""Frames for many sequences at once: what each carries, and one forward for them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, compress

import numpy as np
import torch
from torch import Tensor

from engine.errors import OutOfMemory
from engine.runners.s1.blocks import BlockPool, BlockTable
from engine.runners.s1.decode_batch import DecodeBatch
from engine.runners.s1.draw_state import DrawParameters, DrawState
from engine.runners.s1.errors import ContextFull, PromptRejected
from engine.runners.s1.language_model import LanguageModel
from engine.runners.s1.noise import CounterNoise, FrameNoise
from engine.runners.s1.paged_cache import PagedBatch, PagedCache
from engine.runners.s1.prompt import Columns

#: Tokens in a block. Of a shared prompt up to so many less one are computed again, a hundredth of
#: a second on a CPU, and of a sequence's last block half is empty on average.
BLOCK_SIZE = 16

#: What a sequence whose numbers are lost draws: the id of no token, and no code.
NOT_DRAWN = -1

#: Seeds and frame numbers (B,) int64 → the noise that decides the draws.
NoiseSource = Callable[[Tensor, Tensor], FrameNoise]


@dataclass(slots=True)
class _Sequence:
    opened_with: Columns
    #: What it has to read before it draws: the same, and after an eviction what it drew as well.
    prompt: Columns
    #: How much of the prompt others may share, and with whom.
    num_shared: int
    salt: bytes
    table: BlockTable = field(default_factory=BlockTable)


@dataclass(frozen=True, slots=True)
class ParkedSequence:
    """A sequence without a slot, as `FrameGenerator.park` left it."""

    sequence: _Sequence
    draw_state: list[Tensor]

    @property
    def num_blocks(self) -> int:
        """Count the blocks that it still holds."""
        return len(self.sequence.table.blocks)


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
    ) -> None:
        """Make room for sequences; `noise` is by counter unless a test replays another's."""
        self._model = model
        self._groups = model.config.slow.num_heads // model.config.slow.num_kv_heads
        self._noise = noise or CounterNoise(
            num_tokens=len(model.head.token_ids),
            num_codebooks=model.config.num_codebooks,
            num_codes=model.fast.num_scored,
            device=model.device,
        )
        self.pool = BlockPool(num_blocks, block_size)
        self._cache = PagedCache(
            model.config.slow, num_blocks, block_size, dtype=model.dtype, device=model.device
        )
        self._sequences: dict[int, _Sequence] = {}
        self._state = DrawState(num_slots, model.config.num_codebooks, model.device)

    def open(
        self,
        slot: int,
        prompt: Columns,
        parameters: DrawParameters,
        *,
        first_frame: int = 0,
        num_shared: int = 0,
        salt: bytes = b"",
    ) -> None:
        """Begin a sequence, or the next segment of one, in a free slot.

        Args:
            slot: where; it must be free.
            prompt: (num_codebooks + 1, T).
            parameters: how to draw.
            first_frame: the number of the first frame, so that a segment's noise is its own.
            num_shared: how many of the first columns others may share: those of the voice.
            salt: only sequences of equal salt share.

        Raises:
            PromptRejected: the prompt leaves no room for a frame.
        """
        self._check_length(prompt)
        # One column is left to read, since what follows depends on the last one's state.
        shared = prompt[:, : min(num_shared, prompt.shape[1] - 1)]
        table = self.pool.open(shared, salt)
        self._sequences[slot] = _Sequence(prompt, prompt, num_shared, salt, table)
        self._state.begin(slot, parameters, first_frame)

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
        sequence = self._sequences[slot]
        prompt = np.concatenate((sequence.opened_with, drawn, columns), axis=1)
        self._check_length(prompt)
        sequence.opened_with = sequence.prompt = prompt
        self._state.forget(slot)

    def park(self, slot: int) -> ParkedSequence:
        """Free the slot; the sequence keeps its keys and values, and can `resume` in any slot."""
        return ParkedSequence(self._sequences.pop(slot), self._state.copy_out(slot))

    def resume(self, slot: int, parked: ParkedSequence) -> None:
        """Let a parked sequence go on in a free slot."""
        self._sequences[slot] = parked.sequence
        self._state.copy_in(slot, parked.draw_state)

    def num_unread(self, slot: int) -> int:
        """Count the columns to read before the next frame can be drawn: at least one."""
        return max(1, self._left_of_prompt(slot))

    def step(self, budgets: Mapping[int, int]) -> tuple[list[int], Tensor]:
        """Read up to so many columns of each slot as `budgets` says, in one forward.

        Returns:
            The slots that drew, in the order of `budgets`, and their columns
            (B, num_codebooks + 1) int64 on the model's device: `NOT_DRAWN` throughout where a
            sequence's state is not finite, and the sequence is lost.

        Raises:
            OutOfBlocks: there is no room for all of this; nothing was read.
            OutOfMemory: the device has no memory for so many rows; nothing was read.
            ContextFull: a sequence is as long as the model can read; nothing was read.
        """
        left = {slot: self._left_of_prompt(slot) for slot in budgets}
        lengths = {slot: min(budget, max(1, left[slot])) for slot, budget in budgets.items()}
        for slot, length in lengths.items():
            self.make_room(slot, length)
        try:
            drawn, columns = self._forward(lengths, left)
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(f"no memory for {len(lengths)} rows") from error
        for slot, length in lengths.items():
            self._advance(slot, length)
        return drawn, columns

    def make_room(self, slot: int, num_columns: int) -> None:
        """Take the blocks that reading `num_columns` more columns needs.

        Raises:
            OutOfBlocks: there are not enough; the sequence is as it was.
            ContextFull: the sequence is as long as the model can read.
        """
        table = self._sequences[slot].table
        num_tokens = table.num_tokens + num_columns
        limit = self._model.config.max_seq_len
        if num_tokens > limit:
            raise ContextFull(f"slot {slot} has {limit} tokens, and the model reads no more")
        if num_tokens > len(table.blocks) * self.pool.block_size:
            self.pool.grow(table, num_tokens)

    def evict(self, parked: ParkedSequence, drawn: Columns) -> None:
        """Give up what a parked sequence holds; it goes on once it has read all again.

        `drawn` (num_codebooks + 1, frames) are the columns it drew since `open` or the last
        `extend`, in order.
        """
        sequence = parked.sequence
        self.pool.close(sequence.table)
        sequence.prompt = np.concatenate((sequence.opened_with, drawn), axis=1)

    def close(self, slot: int) -> None:
        """End the sequence. What it shared stays as long as there is room."""
        self.pool.close(self._sequences.pop(slot).table)

    def close_parked(self, parked: ParkedSequence) -> None:
        """End a parked sequence."""
        self.pool.close(parked.sequence.table)

    def _check_length(self, prompt: Columns) -> None:
        limit = self._model.config.max_seq_len
        if prompt.shape[1] >= limit:
            raise PromptRejected(f"a prompt of {prompt.shape[1]} tokens; the limit is {limit - 1}")

    def _forward(
        self, lengths: Mapping[int, int], left: Mapping[int, int]
    ) -> tuple[list[int], Tensor]:
        columns = self._next_columns(lengths, left)
        batch = self._batch(lengths)
        states = self._model.slow(columns, batch.positions, batch)
        is_drawn = [left[slot] <= length for slot, length in lengths.items()]
        drawn = list(compress(lengths, is_drawn))
        last = [end - 1 for end in compress(accumulate(lengths.values()), is_drawn)]
        return drawn, self._draw(states[last], drawn)

    def _batch(self, lengths: Mapping[int, int]) -> PagedBatch | DecodeBatch:
        rows = [(self._sequences[slot].table, length) for slot, length in lengths.items()]
        if self._model.device.type == "cpu" or max(lengths.values()) > 1:
            return PagedBatch(self._cache, rows, self._groups)
        # Row by row would be thousands of launches.
        tables = [table for table, _ in rows]
        batch = DecodeBatch(self._cache, len(rows), 1 + max(each.num_tokens for each in tables))
        batch.fill(tables)
        return batch

    def _next_columns(self, lengths: Mapping[int, int], left: Mapping[int, int]) -> Tensor:
        if max(left.values()) <= 0:
            # What most steps read, and nothing else: in one go.
            slots = torch.tensor(list(lengths), device=self._model.device)
            return self._state.columns.index_select(0, slots)
        return torch.cat([self._unread(slot, length) for slot, length in lengths.items()])

    def _left_of_prompt(self, slot: int) -> int:
        """Count the columns of the prompt to read; zero or less once it draws."""
        sequence = self._sequences[slot]
        left: int = sequence.prompt.shape[1] - sequence.table.num_tokens
        return left

    def _unread(self, slot: int, length: int) -> Tensor:
        """Return the next columns (length, num_codebooks + 1) to read."""
        sequence = self._sequences[slot]
        begin = sequence.table.num_tokens
        if self._left_of_prompt(slot) <= 0:
            return self._state.columns[slot : slot + 1]
        piece = np.ascontiguousarray(sequence.prompt[:, begin : begin + length].T)
        return torch.from_numpy(piece).to(self._model.device)

    def _advance(self, slot: int, length: int) -> None:
        sequence = self._sequences[slot]
        before = sequence.table.num_tokens
        sequence.table.num_tokens += length
        if before < sequence.num_shared:
            shared = sequence.prompt[:, : sequence.num_shared]
            self.pool.share(sequence.table, shared, sequence.salt)

    def _draw(self, states: Tensor, drawn: list[int]) -> Tensor:
        state = self._state
        if not drawn:
            return state.columns[:0]
        slots = torch.tensor(drawn, device=self._model.device)
        frames = state.frames.index_select(0, slots)
        noise = self._noise(state.seeds.index_select(0, slots), frames)
        columns = self._model.draw_frames(states, slots, state.window, state.rows(slots), noise)
        state.columns.index_copy_(0, slots, columns)
        state.frames.index_copy_(0, slots, frames + 1)
        # A look at them here would wait for the device.
        return columns.where(states.isfinite().all(dim=1, keepdim=True), NOT_DRAWN)
