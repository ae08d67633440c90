"""Where a model computes."""

import os

import torch


def best_device() -> torch.device:
    """Return a GPU if there is one, else the CPU, which then computes on the usable cores."""
    if torch.cuda.is_available():
        choose_cuda_kernels()
        return torch.device("cuda")
    torch.set_num_threads(num_threads(len(os.sched_getaffinity(0))))
    return torch.device("cpu")


def choose_cuda_kernels() -> None:
    """Have this process use the kernels that suit batches whose shapes change at every step."""
    # cuDNN's attention plans each shape anew, in each thread, for tens of milliseconds.
    torch.backends.cuda.enable_cudnn_sdp(False)
    # Convolutions of float32 would round to ten bits, which is heard as noise.
    torch.backends.cudnn.allow_tf32 = False


def num_threads(num_cores: int) -> int:
    """Return how many of the usable cores compute: one is left to the event loop, of many."""
    return num_cores if num_cores <= 2 else num_cores - 1  # noqa: PLR2004 - one of two is too many
