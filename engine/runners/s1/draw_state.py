"""What decides the next draw of every slot, side by side on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runners.s1.sampling import SamplingRows
from engine.runners.s1.window import RepetitionWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawParameters:
    """How a sequence's tokens and codes are drawn. The defaults are the original's."""

    seed: int
    temperature: float = 0.8
    top_p: float = 0.8
    repetition_penalty: float = 1.1


class DrawState:
    """A row of every tensor for each slot."""

    def __init__(self, num_slots: int, num_codebooks: int, device: torch.device) -> None:
        """Make room for `num_slots` sequences."""
        self._device = device
        self.window = RepetitionWindow(num_slots, num_codebooks, device)
        #: (num_slots, num_codebooks + 1) int64, the column that each slot drew last.
        self.columns = torch.zeros((num_slots, num_codebooks + 1), dtype=torch.int64, device=device)
        #: (num_slots,) int64, and the number of the frame that is drawn next.
        self.seeds = torch.zeros(num_slots, dtype=torch.int64, device=device)
        self.frames = torch.zeros(num_slots, dtype=torch.int64, device=device)
        #: Temperature, top-p and repetition penalty.
        self._parameters = torch.ones((num_slots, 3), device=device)

    def begin(self, slot: int, parameters: DrawParameters, first_frame: int) -> None:
        """Let a sequence draw from `first_frame` on."""
        self.forget(slot)
        self.seeds[slot] = parameters.seed
        self.frames[slot] = first_frame
        self._parameters[slot] = torch.tensor(
            (parameters.temperature, parameters.top_p, parameters.repetition_penalty)
        )

    def forget(self, slot: int) -> None:
        """Have the next draw penalised for none before it."""
        self.window.reset(torch.tensor([slot], device=self._device))

    def rows(self, slots: Tensor) -> SamplingRows:
        """Return how the slots (B,) draw."""
        return SamplingRows(*self._parameters.index_select(0, slots).unbind(1))

    def record(self, slots: Tensor, columns: Tensor, frames: Tensor) -> None:
        """Take what the slots (B,) drew, (B, num_codebooks + 1), and the numbers of the next."""
        self.window.append(slots, columns)
        self.columns.index_copy_(0, slots, columns)
        self.frames.index_copy_(0, slots, frames)

    def copy_out(self, slot: int) -> list[Tensor]:
        """Return copies of one slot's rows."""
        return [tensor[slot].clone() for tensor in self._tensors()]

    def copy_in(self, slot: int, rows: list[Tensor]) -> None:
        """Let the sequence of `rows`, made by `copy_out`, go on in `slot`."""
        for tensor, row in zip(self._tensors(), rows, strict=True):
            tensor[slot] = row

    def _tensors(self) -> list[Tensor]:
        own = [self.columns, self.seeds, self.frames, self._parameters]
        return [*own, *self.window.tensors()]
