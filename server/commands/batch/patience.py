"""Patience with a server that is away for a while, or has no room."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from server.commands.batch.progress import Progress
from server.commands.errors import CommandError

#: Whatever has stopped it.
RESUME = "the same command goes on from here"
#: A server that is restarted has loaded its weights by then. One that is away for longer is seen to
#: by somebody, who can give the command once more.
GIVE_UP_S = 300.0
#: The first pause; each is twice the one before.
FIRST_PAUSE_S = 0.5
#: Nobody minds that much more after minutes.
MAX_PAUSE_S = 10.0

_T = TypeVar("_T")


class Away(Exception):
    """The server did not answer, or not now. `retry_after_s` is what it says itself."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Patience:
    """Asks again what was not answered. All that is asked of one server shares one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._answered_at = anyio.current_time()

    async def ask(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `question` returns, asked again for as long as it raises `Away`.

        Raises:
            CommandError: for too long nothing was answered.
        """
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                answer = await question()
            except Away as error:
                if anyio.current_time() - self._answered_at > GIVE_UP_S:
                    raise CommandError(f"{error}; {RESUME}") from error
                wait_s = max(pause_s, error.retry_after_s)
                self._progress.waits(wait_s, str(error))
                await anyio.sleep(wait_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            else:
                self._answered_at = anyio.current_time()
                return answer
