"""The seam of audio that is heard while it is made, whichever process makes it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from server.jobs.spool import Spool

#: A take is begun in the queue before it is published, in one process and then in another: who asks
#: in between waits for it. It takes a fraction of a second, and nobody wants to wait for longer.
APPEARANCE_S = 5.0


class RelayUnreachable(Exception):
    """What carries audio between processes cannot be reached. The take may be fine."""


class Relay(Protocol):
    """What carries the audio of running takes to whoever listens."""

    def publishing(self, job_id: str, spool: Spool) -> AbstractAsyncContextManager[None]:
        """Let the take in `spool` be followed while the context lasts.

        Followers are told how it ends; one that is not complete by the end of the context is given
        up. One that is over at once may be published to nobody. What cannot be reached is no error
        here: nobody hears it then, and the take goes on. The spool remains the caller's, to be
        abandoned afterwards where it is not complete.
        """
        ...

    def follow(self, job_id: str, take: int, start: int = 0) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a take from `start` on, as they come, to its end.

        Raises:
            SpoolAbandoned: the take was given up, is not published, or is no longer remembered from
                `start` on: what it became is in the queue.
            RelayUnreachable: see there.
        """
        ...
