"""How late the event loop is: what every socket of the process waits for."""

import anyio
from prometheus_client import Histogram

#: Often enough to catch a stall that a listener could hear, seldom enough to cost nothing.
PERIOD_S = 0.05


async def measure_loop_lag(lag: Histogram) -> None:
    """Observe, for ever, by how much each appointment is missed."""
    while True:
        due_s = anyio.current_time() + PERIOD_S
        await anyio.sleep_until(due_s)
        lag.observe(anyio.current_time() - due_s)
