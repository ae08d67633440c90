"""What work that nobody waits for leaves to the calls: of the event loop, as the engine does."""

import time
from collections.abc import Awaitable, Callable

import anyio

#: For each call that is open, of what a slice took. A hundred of them have all but a twentieth of
#: the loop's time, and their first audio comes a tenth later for such work at most
#: (`loadtest.notes.beside`); a single one has a sixth, and is hardly felt.
REST_PER_CALL = 0.2
#: However long a slice seemed to take: it may have waited for a thread, or for the interpreter.
MAX_REST_S = 0.01


class Courtesy:
    """Gives the event loop to one slice of such work at a time.

    Between two of them the loop looks at its sockets, and all of them rest while there are calls.
    """

    def __init__(self, rest_per_call: float = REST_PER_CALL) -> None:
        self._rest_per_call = rest_per_call
        self._turns = anyio.Lock()

    async def do(self, work: Callable[[], Awaitable[None]], *, num_calls: int) -> None:
        """Do a slice of work when it is its turn: a fraction of a millisecond is polite.

        What is done in a thread has no business here: everybody would wait for it.
        """
        async with self._turns:
            began_s = time.perf_counter()
            await work()
            if num_calls:
                # Still holding the turn: it is the loop that rests, and not this piece of work.
                rest_s = (time.perf_counter() - began_s) * num_calls * self._rest_per_call
                await anyio.sleep(min(rest_s, MAX_REST_S))
