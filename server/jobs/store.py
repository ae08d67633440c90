"""The seam of finished audio: what every place it lands in can do."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from server.jobs.job import LandedAudio
from server.jobs.spool import Spool


class StoreFailed(Exception):
    """The store cannot be reached, is full, or refuses us. The message says which, for operators.

    What was to land has not; what has landed is still there.
    """


class AudioMissing(Exception):
    """Nothing has landed there, or it was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """`is_first` says whether the audio landed now, or other audio was there before it."""

    audio: LandedAudio
    is_first: bool


class AudioStore(Protocol):
    """A place where audio is kept, each under the key of its job.

    A key is written once: of several that land there, one succeeds, and what is there never
    changes. It is there whole or not at all.
    """

    async def land(self, key: str, spool: Spool, media_type: str) -> Landing:
        """Keep what `spool` holds, durably. It may begin while the spool is being written.

        Cancelled, or where the spool is abandoned, it leaves nothing behind.

        Raises:
            SpoolAbandoned: the take was given up.
            StoreFailed: see there.
        """
        ...

    async def find(self, key: str) -> LandedAudio:
        """Return what has landed.

        Raises:
            AudioMissing: see there.
            StoreFailed: see there.
        """
        ...

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to, not with, `end`. Errors are those of `find`."""
        ...

    async def url(self, key: str, media_type: str) -> str | None:
        """Return an address from which a client can read it for a while, if there is one."""
        ...

    async def remove(self, key: str) -> None:
        """Remove what has landed, if anything has.

        Raises:
            StoreFailed: see there.
        """
        ...
