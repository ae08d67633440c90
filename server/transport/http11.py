"""HTTP/1.1 alone, by a reader that reads on while a request is answered."""

from dataclasses import replace
from typing import Any

import anyio
import h11
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Data, Response
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection

#: What may have come of the next request before this one is answered. The longest note, escaped
#: letter by letter, fits: a client may send it as soon as it has read the last byte of the answer,
#: before the server has turned to it.
MAX_AHEAD_BYTES = 1 << 18

_HTTP_VERSION_NOT_SUPPORTED = 505


class _Unpaused(h11.Connection):
    """Asks for more where h11 says to pause: a reader that pauses does not see the peer leave."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        return h11.NEED_DATA if event is h11.PAUSED else event


class Http11Protocol(H11Protocol):
    """Speaks HTTP/1.1 alone, and knows of a peer that leaves even if it has sent too much.

    An HTTP/2 client that shuts its window is sent to without end: hypercorn's sender never waits.
    An offer to upgrade is declined by not taking it, as RFC 9110, 7.8 has it.
    """

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 hypercorn's own, passed on
        super().__init__(*args)
        self.connection = _Unpaused(
            h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size
        )
        self._handling = anyio.Lock(fast_acquire=True)
        self._is_gone = False

    async def handle(self, event: Event) -> None:
        """Take an event of the connection."""
        self._is_gone |= isinstance(event, Closed)
        if isinstance(event, RawData) and isinstance(self.connection, H11WSConnection):
            # HTTP has no part in it any more; to look for it costs as much as a message.
            if self.stream is not None:
                await self.stream.handle(Data(STREAM_ID, event.data))
            return
        await super().handle(event)
        if isinstance(event, RawData) and len(self._ahead) > MAX_AHEAD_BYTES:
            await self.handle(Closed())
            await self.send(Closed())

    @property
    def _ahead(self) -> bytes:
        return self.connection.trailing_data[0]

    async def stream_send(self, event: StreamEvent) -> None:
        """Send an answer on, and say that it is the last where the request is not whole by now.

        The connection ends with such an answer, and a client that does not know it would send its
        next request there.
        """
        if isinstance(event, Response) and self.connection.their_state is h11.SEND_BODY:
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)

    async def _handle_events(self) -> None:
        async with self._handling:
            await super()._handle_events()

    async def _maybe_recycle(self) -> None:
        await super()._maybe_recycle()
        if self._ahead and self.connection.their_state is h11.IDLE:
            self.task_group.spawn(self._go_ahead)

    async def _go_ahead(self) -> None:
        """Handle what came of the next request, unless nobody waits for its answer."""
        if not self._is_gone:
            await self._handle_events()
        if self._is_gone:
            await self._close_stream()

    async def _check_protocol(self, event: h11.Request) -> None:
        pass

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version > b"1.1":
            await self._send_error_response(_HTTP_VERSION_NOT_SUPPORTED)
            await self.send(Closed())
        else:
            await super()._create_stream(request)
