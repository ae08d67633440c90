"""A stream whose audio is pulled as the transport drains."""

from collections.abc import AsyncGenerator

import anyio

from server.errors import RequestError
from server.parameters import Speech
from server.service import Service
from server.stream import HOLD_LOOK_S, Stream
from server.stream_events import StreamDone, StreamEvent, StreamFailed

#: HTTP has no credit: the transport alone says how far a note may go.
UNBOUNDED = 2**62


class PulledStream:
    """An open utterance. Leave it with `cancel`, however it ends."""

    def __init__(
        self, service: Service, speech: Speech, request_id: str, credit: int = UNBOUNDED
    ) -> None:
        """Open it; `credit` is the samples that may be pulled until more is granted.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        self._changed = anyio.Event()
        self._stream = Stream(service, speech, credit, request_id, self._wake)

    def append(self, text: str) -> None:
        """Append text, verbatim."""
        self._stream.append(text)

    def flush(self) -> None:
        """Speak what is buffered now; `FlushReached` follows its last sample."""
        self._stream.flush(0)

    def end(self) -> None:
        """Say that no more text will come."""
        self._stream.end()

    def cancel(self, outcome: str) -> None:
        """Forget it all; `outcome` says why, for the record, unless it has ended."""
        self._stream.cancel(outcome)

    async def events(self) -> AsyncGenerator[StreamEvent, None]:
        """Yield what comes, up to the end; taking the next one says that the last one has left.

        Raises:
            RequestError: the utterance has failed.
        """
        while True:
            await self._something()
            await self._convert()
            for event in self._stream.take():
                if isinstance(event, StreamFailed):
                    raise RequestError(event.code, event.message, retry_after_s=event.retry_after_s)
                yield event
                if isinstance(event, StreamDone):
                    return

    async def _something(self) -> None:
        """Wait until something has come, or what is held is to be looked at."""
        with anyio.move_on_after(HOLD_LOOK_S if self._stream.is_holding else None):
            await self._changed.wait()
        self._changed = anyio.Event()

    async def _convert(self) -> None:
        await self._stream.convert()

    def _wake(self) -> None:
        self._changed.set()
