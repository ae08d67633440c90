"""The keys and values a transformer of limited window remembers, per slot, in a ring."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runners.s1.codec.config import TransformerConfig


@dataclass(frozen=True, slots=True)
class AttentionWindow:
    """The last positions of each slot: position p lies at p modulo the ring's length.

    Attributes:
        keys: (slots, layers, ring, heads, head_dim), turned to their absolute positions.
        values: the same shape.
        positions: (slots,) int64, how many positions each slot has seen.
    """

    keys: Tensor
    values: Tensor
    positions: Tensor

    @classmethod
    def empty(
        cls,
        config: TransformerConfig,
        num_slots: int,
        max_positions: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> "AttentionWindow":
        """Return a window for calls of up to `max_positions` new positions."""
        # What the first new position sees must outlive the writing of the last.
        ring = config.window - 1 + max_positions
        shape = (num_slots, config.num_layers, ring, config.num_heads, config.head_dim)
        return cls(
            keys=torch.zeros(shape, device=device, dtype=dtype),
            values=torch.zeros(shape, device=device, dtype=dtype),
            positions=torch.zeros(num_slots, device=device, dtype=torch.int64),
        )

    def look(self, slots: Tensor, num_new: int, window: int) -> "View":
        """Return where the next `num_new` positions of `slots` (batch,) lie, and what they see."""
        ring = self.keys.shape[2]
        new = torch.arange(num_new, device=slots.device)
        queries = self.positions[slots, None] + new  # (batch, time)
        # The latest position that each place of the ring holds; negative where none was written.
        places = torch.arange(ring, device=slots.device)
        held = queries[:, -1:] - (queries[:, -1:] - places) % ring  # (batch, ring)
        age = queries[:, :, None] - held[:, None, :]
        visible = (age >= 0) & (age < window) & (held[:, None, :] >= 0)
        return View(slots, queries, queries % ring, visible[:, None])


@dataclass(frozen=True, slots=True)
class View:
    """What one call sees of a window.

    Attributes:
        slots: (batch,) the slots of its rows.
        positions: (batch, time) absolute positions.
        places: (batch, time) where they lie in the ring.
        visible: (batch, 1, time, ring) bool, what each may attend to.
    """

    slots: Tensor
    positions: Tensor
    places: Tensor
    visible: Tensor
