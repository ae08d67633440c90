"""What work that nobody waits for leaves to the calls: of the event loop, as the engine does."""

import time
from collections.abc import Awaitable, Callable

import anyio

#: The part of the loop's time that such work takes while there are calls: the first audio of these
#: comes a tenth later for it at most (`loadtest.notes.beside`).
SHARE = 0.05
#: However long a slice seemed to take: it may have waited for a thread, or for the interpreter.
MAX_REST_S = 0.01


class Courtesy:
    """Gives the event loop to one slice of such work at a time.

    Between two of them the loop looks at its sockets; while there are calls it rests as well.
    """

    def __init__(self, share: float = SHARE) -> None:
        self._rests_per_second = 1 / share - 1
        self._turns = anyio.Lock()

    async def do(self, work: Callable[[], Awaitable[None]], *, has_calls: bool) -> None:
        """Do a slice of work when it is its turn: a fraction of a millisecond is polite."""
        async with self._turns:
            began_s = time.perf_counter()
            await work()
            if has_calls:
                took_s = time.perf_counter() - began_s
                await anyio.sleep(min(took_s * self._rests_per_second, MAX_REST_S))
