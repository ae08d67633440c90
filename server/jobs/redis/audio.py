"""A take's audio as a stream in Redis: entries whose ids are where in the take they end.

A reader goes on from byte N by asking for what comes after the id N. What was trimmed shows as a
gap. The last entry has no audio: it says how the take ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from coredis import PureToken
from coredis.patterns.pipeline import Pipeline
from coredis.response.types import StreamEntry

#: Kept of a take for those who come late: minutes of what is worth hearing live. Redis has it in
#: memory, for each note that is being made.
MAX_BYTES = 8 << 20
#: While a take is made its maker says so, however long it has nothing to add. Of one whose maker
#: has died nothing is left after this, and with it end those who wait for more.
ALIVE_S = 20
#: It lands within seconds of its end, and is read from its store then.
AFTERWARDS_S = 60

_AUDIO, _END = b"audio", b"end"
_COMPLETE, _ABANDONED = b"complete", b"abandoned"
#: After whatever a take may have, so that nothing can be added any more.
_LAST_ID = f"{(1 << 63) - 1}-0"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some audio of a take, up to the byte `end` of it; or else how it ended."""

    end: int
    audio: bytes = b""
    is_complete: bool = False
    is_abandoned: bool = False

    @property
    def is_last(self) -> bool:
        """Tell whether it says how the take ended."""
        return self.is_complete or self.is_abandoned

    def after(self, position: int) -> bytes:
        """Return the audio behind a position that is in the piece, or at its edge.

        Raises:
            ValueError: the piece begins behind it.
        """
        missing = len(self.audio) - (self.end - position)
        if missing < 0:
            raise ValueError("there is audio between")
        return self.audio[missing:]


def begin(pipe: Pipeline[bytes], key: str) -> None:
    """Let a take be known before any of it is made."""
    # A job of the same id that was forgotten may have had a take of this number.
    pipe.delete([key])
    pipe.xadd(key, {_AUDIO: b""}, identifier="0-1")
    pipe.expire(key, ALIVE_S)


def add(pipe: Pipeline[bytes], key: str, audio: bytes, end: int) -> None:
    """Add the audio that ends at the byte `end`, and forget what is too old."""
    pipe.xadd(
        key,
        {_AUDIO: audio},
        identifier=f"{end}-0",
        trim_strategy=PureToken.MINID,
        trim_operator=PureToken.EQUAL,
        threshold=f"{max(end - MAX_BYTES, 0)}-0",
    )
    pipe.expire(key, ALIVE_S)


def keep(pipe: Pipeline[bytes], keys: Iterable[str]) -> None:
    """Say that takes are still being made."""
    for key in keys:
        pipe.expire(key, ALIVE_S)


def complete(pipe: Pipeline[bytes], key: str, num_bytes: int) -> None:
    """Say that all of a take is there."""
    pipe.xadd(key, {_END: _COMPLETE}, identifier=f"{num_bytes}-1")
    pipe.expire(key, AFTERWARDS_S)


def abandon(pipe: Pipeline[bytes], key: str, *, is_over: bool = False) -> None:
    """Say that a take was given up; `is_over`: long ago, if anything is left of it."""
    pipe.xadd(key, {_END: _ABANDONED}, identifier=_LAST_ID, nomkstream=is_over)
    pipe.expire(key, AFTERWARDS_S)


def after(position: int) -> str:
    """Return the id behind which a reader goes on that has read up to `position`."""
    return f"{position}-0"


def piece(entry: StreamEntry) -> Piece:
    """Return what an entry holds."""
    number, _, _ = _text(entry.identifier).partition("-")
    fields = entry.field_values
    if _END in fields:
        is_complete = fields[_END] == _COMPLETE
        return Piece(int(number), is_complete=is_complete, is_abandoned=not is_complete)
    audio = fields[_AUDIO]
    return Piece(int(number), audio if isinstance(audio, bytes) else audio.encode())


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
