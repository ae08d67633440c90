"""A crowd that falls silent at once: how soon the engine has forgotten it.

While calls come and go, the number of sequences tells nothing of any one of them. So once nothing
is measured any more, all that still speak are interrupted at the same moment, and the metrics are
read until the engine knows of none.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.caller import Caller
from loadtest.metrics import MetricsReader, Page

#: By then the last turn of the measured time speaks, and few were interrupted as planned.
BEFORE_S = 0.25
#: An engine that has not forgotten by then has a leak.
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Silence:
    """What came of it. Each read takes a few milliseconds itself, and is part of `gone_s`."""

    #: In the engine just before, and those of them that belong to bad listeners and stay.
    sequences: float
    staying: float
    #: From the first `cancel` to the last `cancelled`.
    cancelled_s: float
    #: From the last `cancelled` to the page, then read in full, that shows none; `None` is never.
    gone_s: float | None
    #: The longest of the reads.
    read_s: float


async def silence(
    callers: Sequence[Caller], metrics: MetricsReader, rest: Page | None
) -> Silence | None:
    """Interrupt all; nothing can be told where `rest`, before the first call, was not read."""
    await asyncio.sleep(BEFORE_S)
    before = await metrics.read()
    began_s = time.monotonic()
    for caller in callers:
        caller.interrupt()
    await asyncio.wait([caller.over for caller in callers], timeout=TIMEOUT_S)
    if rest is None or before is None:
        return None
    silent_s, read_s = time.monotonic(), 0.0
    gone_s: float | None = None
    staying = rest.value("sequences")
    while gone_s is None and time.monotonic() - silent_s < TIMEOUT_S:
        asked_s = time.monotonic()
        page = await metrics.read()
        read_s = max(read_s, time.monotonic() - asked_s)
        if page is not None and page.value("sequences") <= staying:
            gone_s = page.at_s - silent_s
    return Silence(before.value("sequences"), staying, silent_s - began_s, gone_s, read_s)
