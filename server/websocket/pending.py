"""A stream whose voice is being made, or whose rules for text are being loaded."""

import logging
from collections.abc import Callable, Iterator

import anyio

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from server.errors import RequestError
from server.request_record import tell
from server.stream import Stream
from server.stream_events import StreamEvent
from server.websocket.opening import Opening

_log = logging.getLogger(__name__)


class PendingStream:
    """Stands for a `Stream` that is not open yet, and keeps what comes for it meanwhile.

    What it keeps is bounded by the text that a stream may have, and by the flushes that may wait.
    """

    #: Nobody idles meanwhile.
    is_pending = True
    sent = 0
    blocked = False
    is_due = False

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self._kept: list[Callable[[Stream], None]] = []
        self._upto = 0
        self._making = anyio.CancelScope()

    async def begin(self) -> Stream | None:
        """Return the stream that this one stood for; None if it has ended meanwhile.

        Raises:
            RequestError: the request cannot be served, or not now.
        """
        try:
            with self._making:
                self.opening = await self.opening.prepared()
        except RequestError:
            if not self._making.cancel_called:
                raise
        except Exception as error:
            _log.exception("a stream could not be prepared")
            raise RequestError(ErrorCode.INTERNAL, "the stream could not be prepared") from error
        # Cancelled in the moment in which all was ready, it has ended all the same.
        if self._making.cancel_called:
            return None
        stream = self.opening.open()
        stream.grant(self._upto)
        for pass_on in self._kept:
            pass_on(stream)
        return stream

    def append(self, text: str) -> None:
        """Keep text."""
        if text:
            self._kept.append(lambda stream: stream.append(text))

    def flush(self, token: int) -> None:
        """Keep a flush."""
        self._kept.append(lambda stream: stream.flush(token))

    def end(self) -> None:
        """Keep the end of the text."""
        self._kept.append(lambda stream: stream.end())

    def grant(self, upto: int, played: int | None = None) -> None:
        """Keep the largest grant. Nothing can have been `played`."""
        del played
        self._upto = max(self._upto, upto)

    def cancel(self, outcome: str, played: int | None = None) -> None:
        """Forget it all, and make no voice for it; `outcome` says why, for the record."""
        del played
        self._making.cancel()
        service_class = ServiceClass(self.opening.message.service_class)
        tell(self.opening.request_id, service_class, outcome)

    def heard(self, played: int) -> int:
        """Return the characters that were heard: none."""
        del played
        return 0

    async def convert(self) -> None:
        """Have nothing to turn into audio."""

    def take(self) -> Iterator[StreamEvent]:
        """Have nothing to send."""
        return iter(())
