"""One task that looks at every connection now and then: a timer for each would cost far more."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import anyio

_log = logging.getLogger(__name__)

#: How often each is looked at. Most limits in time are tens of seconds and more.
PERIOD_S = 1.0
#: So many times in a period a part of them is looked at: all at once would keep the others waiting.
NUM_PARTS = 20

#: Called with the event loop's time in seconds; must not wait.
Look = Callable[[float], None]


class Timekeeper:
    """Calls whoever keeps a limit in time."""

    def __init__(self) -> None:
        self._parts: list[dict[int, Look]] = [{} for _ in range(NUM_PARTS)]
        self._numbers = count()

    @contextmanager
    def watching(self, look: Look, times: int = 1) -> Iterator[None]:
        """Call `look` so many times in a period inside the block, at even distances."""
        number = next(self._numbers)
        distance = NUM_PARTS // times
        parts = [self._parts[(number + i * distance) % NUM_PARTS] for i in range(times)]
        for part in parts:
            part[number] = look
        try:
            yield
        finally:
            for part in parts:
                del part[number]

    async def run(self) -> None:
        """Look until cancelled."""
        due_s = anyio.current_time()
        while True:
            for part in self._parts:
                # By the clock, since under load every sleep is too long; what is missed is missed.
                due_s = max(due_s + PERIOD_S / NUM_PARTS, anyio.current_time())
                await anyio.sleep_until(due_s)
                now_s = anyio.current_time()
                for look in list(part.values()):
                    _call(look, now_s)


def _call(look: Look, now_s: float) -> None:
    try:
        look(now_s)
    except Exception:  # noqa: BLE001 one that fails must not take the others' limits away
        _log.exception("a limit in time could not be kept")
