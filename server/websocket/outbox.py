"""Answers that wait for the writer, which sends them ahead of all audio."""

from collections import deque

from server.service import Service
from server.websocket.socket import Socket

#: Answers that wait for a peer that does not read. Each costs it a message of its own, so a peer
#: this far behind is not reading at all.
MAX_OUTBOX = 1_024


class Outbox:
    """A queue of encoded messages, and of when the cancels among them were asked for."""

    def __init__(self, service: Service) -> None:
        self._clock = service.clock
        self._cancel_latency = service.metrics.cancel_latency
        self._waiting: deque[tuple[bytes, float | None]] = deque()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting)

    def put(self, data: bytes, *, is_cancelled: bool = False) -> None:
        """Append a message; one that answers a cancel is timed until it is sent."""
        self._waiting.append((data, self._clock() if is_cancelled else None))

    async def send(self, socket: Socket) -> None:
        """Send all that waits, and what comes meanwhile.

        Raises:
            Disconnected: the peer is gone.
        """
        while self._waiting:
            data, asked_s = self._waiting.popleft()
            if asked_s is not None:
                self._cancel_latency.observe(self._clock() - asked_s)
            await socket.send(data)
