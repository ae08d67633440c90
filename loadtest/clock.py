"""Intended times on the event loop, by the clock that latencies are measured with."""

import asyncio
import time
from collections.abc import Callable


def call_at(when_s: float, callback: Callable[[], None]) -> None:
    """Call back at `when_s` of the monotonic clock, or at once if that is past.

    uvloop rounds to whole milliseconds. So what is late counts from when it was intended, and what
    is early from when it was done: see `began`.
    """
    asyncio.get_running_loop().call_later(max(when_s - time.monotonic(), 0.0), callback)


def began(intended_s: float) -> float:
    """Return when what is being done now began to count."""
    return min(intended_s, time.monotonic())
