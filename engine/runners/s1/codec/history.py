"""What the convolutions of a stream remember: the last inputs of each, side by side in one row."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class HistorySpan:
    """The columns in which one convolution keeps its last `num_positions` inputs."""

    start: int
    num_positions: int
    channels: int

    def read(self, history: Tensor) -> Tensor:
        """Return the view (num_positions, batch, channels) of `history` (batch, width)."""
        stop = self.start + self.num_positions * self.channels
        size = (len(history), self.num_positions, self.channels)
        rows = history[:, self.start : stop].view(size)
        return rows.transpose(0, 1)

    def write(self, history: Tensor, inputs: Tensor) -> None:
        """Remember the last positions of `inputs` (at least num_positions, batch, channels)."""
        self.read(history).copy_(inputs[len(inputs) - self.num_positions :])


class HistoryLayout:
    """Hands out spans while a model is built; `width` is what one stream needs in the end."""

    def __init__(self) -> None:
        self.width = 0

    def reserve(self, num_positions: int, channels: int) -> HistorySpan:
        """Return the next free columns."""
        span = HistorySpan(self.width, num_positions, channels)
        self.width += num_positions * channels
        return span
