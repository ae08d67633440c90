"""How much of a step each row is given: frames, and the time for them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from engine.runner import ModelInfo
from engine.scheduling.capacity import Capacity
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.sequence import Sequence
from engine.scheduling.step_times import StepTimeModel

#: A chunk that takes longer than its first frame by no more than this part keeps nobody waiting.
_FREE = 0.1
#: No frame is for nothing.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """What a chunk takes to make: its first frame, and the part of that for each further one."""

    frame_s: float
    further_share: float = 1.0

    def num_frames(self, seconds: float) -> int:
        """Return how many frames are made within `seconds`, or about as soon as the first."""
        num_further = max(seconds / self.frame_s - 1, _FREE) / max(self.further_share, _LEAST_SHARE)
        return 1 + int(num_further)


class Chunks:
    """Small while somebody waits for them, large where they only have to be made.

    A chunk costs less than its frames one by one, and keeps all others waiting. A model that keeps
    calls in real time has `step_budget_s` for a step, or one frame if that takes longer. One that
    is too slow for any call has the time that a row alone takes for a chunk: whoever listens to a
    note runs dry anyway, so only its first frame is awaited.
    """

    def __init__(
        self, model: ModelInfo, limits: SchedulerLimits, capacity: Capacity, times: StepTimeModel
    ) -> None:
        self._frame = model.frame_samples
        self._frame_s = model.frame_samples / model.sample_rate_hz
        self._room = min(model.max_rows, limits.num_slots)
        self._limits = limits
        self._capacity = capacity
        self._times = times

    def cost(self, num_sequences: int) -> ChunkCost:
        """Return what a chunk of so many rows takes. Of an unknown frame, as long as it lasts."""
        num_rows = min(num_sequences, self._room)
        step_s = self._times.predict(num_rows)
        if step_s <= 0:
            return ChunkCost(self._frame_s)
        return ChunkCost(min(step_s, self._frame_s), self._times.further_share(num_rows))

    def are_whole(self, cost: ChunkCost) -> bool:
        """Tell whether a step has the time for the largest chunk."""
        return cost.num_frames(self._limits.step_budget_s) >= self._limits.max_chunk_frames

    def num_frames(self, sequence: Sequence, now_s: float, cost: ChunkCost) -> int:
        """Ramp 1, 2, 4, 8 as the lead grows; never a whole frame beyond the credit.

        What is made in half of the lead comes in time, and so does what takes no longer than a
        frame. A listener who uses up several frames in the time of one gets no fewer of them.
        """
        most = min(self._limits.max_chunk_frames, -(-sequence.credit // self._frame))
        if most == 1 or not self._is_awaited(sequence, now_s):
            return most
        in_time = cost.num_frames(sequence.playback.lead_s(now_s) / 2)
        ramp = 1 << in_time.bit_length() - 1
        return min(max(ramp, math.ceil(sequence.request.pace)), most)

    def budget_s(
        self, planned: Iterable[Sequence], open_ones: Iterable[Sequence], now_s: float
    ) -> float:
        """Return how long a step with rows of `planned` may take, with all of `open_ones` open."""
        limits = self._limits
        is_awaited = self._capacity.keeps(1) or any(each.is_call for each in open_ones)
        if is_awaited or any(self._is_awaited(each, now_s) for each in planned):
            return limits.step_budget_s
        chunk_s = limits.max_chunk_frames * self._times.predict(1)
        return max(limits.step_budget_s, min(chunk_s, limits.slow_step_budget_s))

    def _is_awaited(self, sequence: Sequence, now_s: float) -> bool:
        if sequence.is_call:
            return True
        is_heard = sequence.has_listener(now_s)
        return is_heard and (sequence.produced == 0 or self._capacity.keeps(1))
