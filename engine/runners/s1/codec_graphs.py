"""The codec's calls, recorded for some numbers of rows and of frames."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from engine.runners.s1.capture import Capture, Work, sizes_up_to

#: Frames of a chunk, as the scheduler ramps. Other numbers are the end of a segment, and decoded as
#: some of these.
CHUNKS = (1, 2, 4, 8)


class CodecGraphs:
    """Decodes chunks by doing again what was recorded, on tensors written anew for each."""

    def __init__(
        self,
        decode: Callable[[Tensor, Tensor], Tensor],
        capture: Capture,
        *,
        num_lanes: int,
        num_codebooks: int,
        device: torch.device,
    ) -> None:
        """Record every shape of `decode`.

        Args:
            decode: codes (B, num_codebooks, frames) and lanes (B,), both int64 → (B, ...). There
                is a lane behind the others, which is nobody's.
            capture: records.
            num_lanes: the others.
            num_codebooks: of a frame.
            device: where `decode` takes its arguments.
        """
        self._decode = decode
        self._nobody = num_lanes
        self._lanes = torch.full((num_lanes,), num_lanes, device=device)
        shape = (num_lanes, num_codebooks, CHUNKS[-1])
        self._codes = torch.zeros(shape, dtype=torch.int64, device=device)
        self._sizes = sizes_up_to(num_lanes)
        self._replays: dict[tuple[int, int], Work] = {}
        # The largest first: all others find room in its memory.
        for num_frames in reversed(CHUNKS):
            for num_rows in reversed(self._sizes):
                work = partial(self._decode_again, num_rows, num_frames)
                self._replays[num_rows, num_frames] = capture(work)

    def decode(self, codes: Tensor, lanes: Sequence[int]) -> Iterator[Tensor]:
        """Do as `decode` with codes (B, num_codebooks, frames) from the host.

        The frames may be any number, of which each result is some, in order. It is good until the
        next one is asked for.
        """
        batch = len(lanes)
        num_rows = self._sizes[bisect_left(self._sizes, batch)]
        filled = [*lanes, *[self._nobody] * (num_rows - batch)]
        self._lanes[:num_rows].copy_(torch.tensor(filled))
        # All at once: were there no memory for a later part, those before it could not be unmade.
        there = codes.to(self._codes.device)
        for part in there.split(_recorded(codes.shape[2]), dim=2):
            num_frames = part.shape[2]
            self._codes[:batch, :, :num_frames].copy_(part)
            yield self._replays[num_rows, num_frames]()[:batch]

    def _decode_again(self, num_rows: int, num_frames: int) -> Tensor:
        return self._decode(self._codes[:num_rows, :, :num_frames], self._lanes[:num_rows])


def _recorded(num_frames: int) -> list[int]:
    """Return the fewest chunks that make up `num_frames`, the longest ones first."""
    chunks = []
    for chunk in reversed(CHUNKS):
        num_chunks, num_frames = divmod(num_frames, chunk)
        chunks += [chunk] * num_chunks
    return chunks
