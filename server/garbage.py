"""The interpreter's collector of cycles, kept away from those who listen.

It stops everybody for as long as it takes to look at what is open: with a thousand calls 60 ms,
time and again. A connection or a request that ends leaves no cycle behind, so there is nothing for
it to find; what some fault leaves is found while nobody speaks.
"""

import gc
from collections.abc import Callable

import anyio

PERIOD_S = 1.0
#: In case somebody always speaks: so many more objects than before are some hundred MiB.
THRESHOLDS = (1_000_000, 20, 1_000_000)


def tame_gc() -> None:
    """Keep what exists by now out of every later collection, and make those rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


async def collect_while(is_idle: Callable[[], bool]) -> None:
    """Collect now and then, but only while the server is idle. What is new by then costs time."""
    while True:
        await anyio.sleep(PERIOD_S)
        if is_idle():
            tame_gc()
