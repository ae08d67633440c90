"""What a stream's decoder or encoder remembers, for many streams side by side."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runners.s1.codec.window import AttentionWindow


@dataclass(frozen=True, slots=True)
class CodecState:
    """One row of every tensor for each slot; a call goes on with the rows of its own slots alone.

    Attributes:
        history: (slots, width), the last inputs of every convolution, float32 at least.
        windows: the keys and values of every transformer.
        max_frames: the most frames that one call may bring.
    """

    history: Tensor
    windows: tuple[AttentionWindow, ...]
    max_frames: int

    def reset(self, slots: Tensor) -> None:
        """Let new streams begin in `slots` (n,) int64. Nothing is left of what was there."""
        for tensor in self.tensors():
            tensor[slots] = 0

    def copy_out(self, slot: int) -> "CodecState":
        """Return a copy of one slot: a state of one slot, in which the stream can go on."""
        windows = tuple(
            AttentionWindow(
                window.keys[slot : slot + 1].clone(),
                window.values[slot : slot + 1].clone(),
                window.positions[slot : slot + 1].clone(),
            )
            for window in self.windows
        )
        return CodecState(self.history[slot : slot + 1].clone(), windows, self.max_frames)

    def copy_in(self, slot: int, parked: "CodecState") -> None:
        """Let the stream of `parked`, made by `copy_out` of such a state, go on in `slot`."""
        for own, other in zip(self.tensors(), parked.tensors(), strict=True):
            own[slot].copy_(other[0])

    def num_bytes(self) -> int:
        """Return the memory of all slots."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors())

    def tensors(self) -> list[Tensor]:
        """Return them all, each (slots, ...)."""
        attended = [(each.keys, each.values, each.positions) for each in self.windows]
        return [self.history, *(tensor for window in attended for tensor in window)]


def slots_of(rows: list[int], device: torch.device) -> Tensor:
    """Return `rows` as the (n,) int64 tensor that states are indexed with."""
    return torch.tensor(rows, dtype=torch.int64, device=device)
