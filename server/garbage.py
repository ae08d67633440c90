"""The interpreter's collector of cycles, kept away from those who listen.

It stops everybody for as long as it takes to look at what is open: with a thousand calls 60 ms,
time and again. A connection or a request that ends leaves no cycle behind, as a rule, so there is
hardly anything for it to find; what is left after all is found while nobody speaks.
"""

import gc
from collections.abc import Callable

import anyio

PERIOD_S = 1.0
#: In so many periods, what was there before the last look is looked at, too. With ten thousand idle
#: connections that takes seconds.
NUM_PERIODS = 600
#: In case somebody always speaks: so many more objects than before are some hundred MiB.
THRESHOLDS = (1_000_000, 20, 1_000_000)
#: The generations up to those that are new since they were last collected, and all.
_NEW, _ALL = 1, 2


def tame_gc() -> None:
    """Keep what exists by now out of every later collection, and make those rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


async def collect_when_idle(is_idle: Callable[[], bool]) -> None:
    """Collect now and then, but only while the server is idle."""
    num_idle = 0
    while True:
        await anyio.sleep(PERIOD_S)
        if is_idle():
            num_idle += 1
            gc.collect(_NEW if num_idle % NUM_PERIODS else _ALL)
