"""Who may run together: one that may have killed its process runs alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Isolation:
    """Lets any number in together, or one alone. Whoever wants to be alone is not passed by."""

    def __init__(self) -> None:
        self._num_together = 0
        self._entrance = anyio.Lock()
        self._left = anyio.Event()

    @asynccontextmanager
    async def among(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait until this one may run, and let it."""
        if alone:
            async with self._entrance:
                while self._num_together:
                    await self._left.wait()
                yield
            return
        async with self._entrance:
            self._num_together += 1
        try:
            yield
        finally:
            self._num_together -= 1
            self._left.set()
            self._left = anyio.Event()
