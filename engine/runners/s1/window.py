"""What each slot drew lately, for the repetition penalty."""

import torch
from torch import Tensor

#: Frames that are looked back at.
WINDOW = 16


class RepetitionWindow:
    """The last frames of every slot, as the original's loop sees them.

    Three of its oddities are kept, since what people know the model by was made with them: the
    first frame neither is penalised nor enters the window; code 0 is penalised until the window is
    full, because it starts out as zeros; and for the token all eleven numbers of the oldest
    column are taken for token ids, where the tokens of all columns were meant.
    """

    def __init__(self, num_slots: int, num_codebooks: int, device: torch.device) -> None:
        """Make room for `num_slots` sequences, none of which has drawn anything."""
        shape = (num_slots, WINDOW, num_codebooks + 1)
        self._columns = torch.zeros(shape, dtype=torch.int64, device=device)
        self._num_frames = torch.zeros(num_slots, dtype=torch.int64, device=device)

    def reset(self, slots: Tensor) -> None:
        """Forget what the slots (B,) drew."""
        self._columns[slots] = 0
        self._num_frames[slots] = 0

    def has_begun(self, slots: Tensor) -> Tensor:
        """Tell (B,) which of the slots drew a frame: the first one is not penalised."""
        return self._num_frames[slots] > 0

    def token_ids(self, slots: Tensor) -> Tensor:
        """Return the ids (B, num_codebooks + 1) to penalise among the tokens."""
        num_frames = self._num_frames[slots]
        is_full = num_frames > WINDOW
        oldest = torch.where(is_full, (num_frames - 1) % WINDOW, 0)
        return self._columns[slots, oldest]

    def codes(self, slots: Tensor) -> Tensor:
        """Return the codes (B, num_codebooks, WINDOW) to penalise in each codebook."""
        return self._columns[slots, :, 1:].transpose(1, 2)

    def tensors(self) -> list[Tensor]:
        """Return all there is, a row of each for every slot."""
        return [self._columns, self._num_frames]

    def append(self, slots: Tensor, columns: Tensor) -> None:
        """Add the columns (B, num_codebooks + 1) that the slots drew."""
        num_frames = self._num_frames[slots]
        # Frame n ≥ 1 takes place n - 1 of the ring; the first frame must leave no trace.
        at = (num_frames - 1) % WINDOW
        columns = torch.where((num_frames > 0)[:, None], columns, self._columns[slots, at])
        following = num_frames + 1
        # What is written comes last, lest there be no memory for the rest.
        self._columns[slots, at] = columns
        self._num_frames[slots] = following
