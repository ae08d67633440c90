"""How many sockets there may be at once, whatever is spoken on them."""

from collections.abc import Iterator
from contextlib import contextmanager

from protocol.codes import ErrorCode
from server.errors import RequestError
from server.service import Service

#: Connections last for minutes: sooner there is hardly a new place.
RETRY_AFTER_S = 5.0


class SocketPlaces:
    """Counts sockets."""

    def __init__(self, service: Service, max_connections: int) -> None:
        self._service = service
        self._max_connections = max_connections
        self._num_connections = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place inside the block.

        Raises:
            RequestError: `overloaded` or `draining`, before anything is accepted.
        """
        self._service.drain.check()
        if self._num_connections >= self._max_connections:
            raise RequestError(
                ErrorCode.OVERLOADED, "too many connections", retry_after_s=RETRY_AFTER_S
            )
        self._num_connections += 1
        try:
            with self._service.metrics.connections.track_inprogress():
                yield
        finally:
            self._num_connections -= 1
