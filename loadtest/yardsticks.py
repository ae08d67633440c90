"""What the machine can do: its memory by a copy, its arithmetic by a matrix product."""

import time
from collections.abc import Callable

import torch

from loadtest.roofline import Ceiling

#: Far beyond every cache.
_COPIED_BYTES = 1 << 28
#: Large enough that its operations, and not its bytes, are what takes time.
_SIDE = {"cpu": 2_048, "cuda": 8_192}
_REPEATS = 5


def measured(device: torch.device, dtype: torch.dtype) -> Ceiling:
    """Return the best of some repeats. A copy reads and writes each of its bytes."""
    source = torch.ones(_COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy_s = _best_s(device, lambda: target.copy_(source))
    side = _SIDE[device.type]
    # A GPU multiplies ones faster than numbers that differ: it takes less power.
    matrix = torch.randn((side, side), device=device).to(dtype)
    product_s = _best_s(device, lambda: matrix @ matrix)
    return Ceiling(2 * _COPIED_BYTES / copy_s, 2 * side**3 / product_s)


def _best_s(device: torch.device, work: Callable[[], object]) -> float:
    return min(_timed_s(device, work) for _ in range(1 + _REPEATS))


def _timed_s(device: torch.device, work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began_s
