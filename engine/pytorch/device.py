"""Where a model computes."""

import os

import torch


def best_device() -> torch.device:
    """Return a GPU if there is one, else the CPU, which then computes on the usable cores."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(num_threads(len(os.sched_getaffinity(0))))
    return torch.device("cpu")


def num_threads(num_cores: int) -> int:
    """Return how many of the usable cores compute: one is left to the event loop, of many."""
    return num_cores if num_cores <= 2 else num_cores - 1  # noqa: PLR2004 - one of two is too many
