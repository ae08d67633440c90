"""The samples of what was drawn, for the rows of a step."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import OutOfMemory
from engine.pytorch.memory import memory_for
from engine.runners.s1.capture import Capture
from engine.runners.s1.codec import CodecState, Decoder, slots_of, to_pcm16
from engine.runners.s1.codec_graphs import CodecGraphs
from engine.runners.s1.job import Job
from engine.runners.s1.width import NO_MEMORY, Width

#: Frames that the codec decodes for one row at a time: as many as the scheduler plans.
MAX_CHUNK = 8


class Decoding:
    """Decodes the frames of each job, those of equally many frames together."""

    def __init__(
        self, decoder: Decoder, state: CodecState, width: Width, capture: Capture | None
    ) -> None:
        """Take the codec, what it remembers of every lane, and how many rows it decodes together.

        The last lane is for nobody.
        """
        self._decoder = decoder
        self._state = state
        self._width = width
        self._graphs = None
        if capture is not None:
            self._graphs = CodecGraphs(
                self._decode,
                capture,
                num_lanes=len(state.history) - 1,
                num_codebooks=decoder.num_codebooks,
                device=decoder.device,
            )

    def decode(self, jobs: Sequence[Job]) -> list[Job]:
        """Make the samples of all frames; return those that found no memory even alone."""
        speaking = defaultdict(list)
        for job in jobs:
            if job.frames and job.error is None:
                speaking[len(job.frames)].append(job)
        return [job for alike in speaking.values() for job in self._decode_alike(alike)]

    def _decode_alike(self, jobs: list[Job]) -> list[Job]:
        put_off = []
        while jobs:
            together = jobs[: self._width.num_rows]
            try:
                with memory_for("so many samples"):
                    heard = self._heard(together).numpy()
            except OutOfMemory:
                self._width.narrow(len(together))
                if len(together) > 1:
                    continue
                self._put_off(together[0])
                put_off += together
            else:
                self._width.widen()
                _hand_out(together, heard)
            jobs = jobs[len(together) :]
        return put_off

    def _put_off(self, job: Job) -> None:
        job.is_undecoded = True
        if self._width.is_hopeless:
            job.error = NO_MEMORY

    def _heard(self, jobs: Sequence[Job]) -> Tensor:
        """Do as `_decode` with the frames of jobs that have equally many, on the host."""
        columns = np.concatenate([column for job in jobs for column in job.frames])
        # (batch, frames, num_codebooks + 1): the token comes first.
        drawn = torch.from_numpy(columns).view(len(jobs), -1, self._decoder.num_codebooks + 1)
        codes = drawn[:, :, 1:].transpose(1, 2)
        lanes = [job.lane for job in jobs]
        if self._graphs is not None:
            return _joined([part.cpu() for part in self._graphs.decode(codes, lanes)])
        device = self._decoder.device
        return self._decode(codes.to(device), slots_of(lanes, device)).cpu()

    def _decode(self, codes: Tensor, lanes: Tensor) -> Tensor:
        """Return (batch, n + 1) int16: the samples, and behind them whether all are finite.

        In one tensor, since every look at one waits for the device.
        """
        samples, go_on = self._decoder.draft(codes, lanes, self._state)
        # They lie within [-1, 1], so only one that is no number makes the sum none.
        is_finite = samples.sum(dim=1, keepdim=True).isfinite()
        heard = torch.cat((to_pcm16(samples), is_finite), dim=1)
        # Only now, so that a call for which there was no memory can be made again.
        go_on()
        return heard


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Return as one call of `_decode` what several made, one after another."""
    if len(parts) == 1:
        return parts[0]
    are_finite = torch.stack([part[:, -1] for part in parts]).amin(dim=0)
    return torch.cat((*(part[:, :-1] for part in parts), are_finite[:, None]), dim=1)


def _hand_out(jobs: Sequence[Job], heard: NDArray[np.int16]) -> None:
    for job, pcm, is_sound in zip(jobs, heard[:, :-1], heard[:, -1].tolist(), strict=True):
        job.pcm = pcm
        if not is_sound:
            job.error = "the codec's numbers are not finite"
