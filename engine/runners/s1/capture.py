"""Work of fixed shapes, recorded once and done again without the host's thousands of launches."""

from collections.abc import Callable

import torch
from torch import Tensor

#: Reads and writes the same tensors whenever it is called, and returns the same one.
Work = Callable[[], Tensor]
#: Records work, and returns what does it again. What comes back is good until anything that was
#: recorded by the same is done again.
Capture = Callable[[Work], Work]

#: Kernels choose their algorithms and workspaces when they first run, which cannot be recorded.
_NUM_REHEARSALS = 2


class CudaGraphs:
    """Records CUDA graphs, which share the memory of what they compute in between."""

    def __init__(self, device: torch.device) -> None:
        """Record on `device`."""
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream(device)

    def __call__(self, work: Work) -> Work:
        """Record `work`: see `Capture`. It must not look at a tensor from the host."""
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            for _ in range(_NUM_REHEARSALS):
                work()
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            result = work()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay


def sizes_up_to(most: int, least: int = 1) -> list[int]:
    """Return the sizes to record, ascending: `least`, its doubles, what lies midway, and `most`.

    So at most a third of what is computed is for nobody.
    """
    doubles = [least]
    while doubles[-1] < most:
        doubles.append(2 * doubles[-1])
    midway = [size * 3 // 2 for size in doubles]
    return sorted({*(size for size in (*doubles, *midway) if size < most), most})
