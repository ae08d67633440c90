"""What one sequence has read, and what it has yet to read."""

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from engine.runners.s1.blocks import BlockTable
from engine.runners.s1.prompt import Columns


@dataclass(slots=True)
class Context:
    """A prompt, and the blocks of the KV cache for what was read and drawn."""

    #: (num_codebooks + 1, T): what the sequence was opened with.
    opened_with: Columns
    #: How many columns of that others may share.
    num_shared: int
    table: BlockTable = field(default_factory=BlockTable)
    #: What it has to read before it draws: the same, and after an eviction what it drew as well.
    prompt: Columns = field(init=False)
    #: Its columns.
    num_prompt: int = field(init=False)

    def __post_init__(self) -> None:
        self._go_on_to(self.opened_with)

    @property
    def num_left(self) -> int:
        """Count the columns of the prompt to read; zero or less once it draws."""
        return self.num_prompt - self.table.num_tokens

    @property
    def shared(self) -> Columns:
        """Return the columns that others may share.

        One column is left to read, since what follows depends on the last one's state.
        """
        return self.prompt[:, : min(self.num_shared, self.num_prompt - 1)]

    def next_columns(self, num_columns: int) -> Columns:
        """Return so many columns of the prompt (num_columns, num_codebooks + 1), contiguous."""
        begin = self.table.num_tokens
        return np.ascontiguousarray(self.prompt[:, begin : begin + num_columns].T)

    def extend(self, prompt: Columns) -> None:
        """Go on to the end of `prompt`, which begins with all that was read and drawn."""
        self.opened_with = prompt
        self._go_on_to(prompt)

    def read_again(self, drawn: Columns) -> None:
        """Have all to read again, and `drawn` (num_codebooks + 1, frames) as well."""
        self._go_on_to(np.concatenate((self.opened_with, drawn), axis=1))

    def _go_on_to(self, prompt: Columns) -> None:
        self.prompt, self.num_prompt = prompt, prompt.shape[1]


@dataclass(frozen=True, slots=True)
class ParkedSequence:
    """A sequence without a slot, as `FrameGenerator.park` left it."""

    context: Context
    draw_state: list[Tensor]
