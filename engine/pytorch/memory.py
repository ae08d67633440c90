"""What PyTorch says where it finds no memory, as the engine says it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import OutOfMemory

#: By which alone the error of a CPU's allocator is told from any other `RuntimeError`.
_CPU_ALLOCATOR = "DefaultCPUAllocator: can't allocate memory"


@contextmanager
def memory_for(what: str) -> Iterator[None]:
    """Do something that allocates tensors: `what`, in the words of the error.

    Raises:
        OutOfMemory: there was no memory for it, on whichever device.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or _CPU_ALLOCATOR in str(error):
            raise OutOfMemory(f"no memory for {what}") from error
        raise
