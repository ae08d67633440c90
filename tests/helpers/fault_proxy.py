"""A proxy before a server of HTTP, on which calls fail as they do on a bad day."""

import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream

#: Of a request: its head has passed, and if it has a body, some of that.
_MID_REQUEST_BYTES = 1_000
_CONTINUE = b"HTTP/1.1 100"


class Fault(Enum):
    """What happens to a connection. All but the first have a server that does its part, or none."""

    #: It is refused for now, as S3 does.
    OVERLOADED = "overloaded"
    #: Nothing comes back, and nothing is taken.
    STALLED = "stalled"
    #: It is reset in mid-request.
    RESET = "reset"
    #: The request is served, and the connection reset before the answer.
    LOST_ANSWER = "lost answer"
    #: Credentials have expired.
    EXPIRED = "expired"


def _answer(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


_ANSWERS = {
    Fault.OVERLOADED: _answer("503 Slow Down", "SlowDown"),
    Fault.EXPIRED: _answer("400 Bad Request", "ExpiredToken"),
}


class FaultProxy:
    """Passes everything on, but for the connections that a fault was planted for."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._target = target
        self._planted: deque[Fault] = deque()
        self._open: set[anyio.CancelScope] = set()
        #: A planted fault was met.
        self.met = anyio.Event()

    @property
    def num_planted(self) -> int:
        """The faults that nobody has met yet."""
        return len(self._planted)

    def plant(self, *faults: Fault) -> None:
        """Have the next connections fail, each in its way; those that are open are cut."""
        self._planted.extend(faults)
        for scope in self._open:
            scope.cancel()

    def heal(self) -> None:
        """Let everything pass."""
        self._planted.clear()

    async def handle(self, client: SocketStream) -> None:
        """Serve one connection."""
        fault = None
        if self._planted:
            fault = self._planted.popleft()
            self.met.set()
        with anyio.CancelScope() as scope:
            self._open.add(scope)
            try:
                await self._serve(client, fault)
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                pass
            finally:
                self._open.remove(scope)
                _reset(client)
                await anyio.aclose_forcefully(client)

    async def _serve(self, client: SocketStream, fault: Fault | None) -> None:
        if fault is Fault.STALLED:
            await anyio.sleep_forever()
        if fault in _ANSWERS:
            await client.receive()
            await client.send(_ANSWERS[fault])
            # Whoever still sends is to read it, and not of a reset.
            while True:
                await client.receive()
        server = await anyio.connect_tcp(*self._target)
        async with server, anyio.create_task_group() as tasks:
            tasks.start_soon(_pump, client, server, _limit(fault), tasks.cancel_scope)
            tasks.start_soon(_pump, server, client, _loss(fault), tasks.cancel_scope)


def _limit(fault: Fault | None) -> Callable[[bytes], bool]:
    """Tell, of each piece of a request, whether it gets no further."""
    passed = 0

    def is_over(data: bytes) -> bool:
        nonlocal passed
        passed += len(data)
        return fault is Fault.RESET and passed > _MID_REQUEST_BYTES

    return is_over


def _loss(fault: Fault | None) -> Callable[[bytes], bool]:
    return lambda data: fault is Fault.LOST_ANSWER and not data.startswith(_CONTINUE)


async def _pump(
    source: SocketStream,
    target: SocketStream,
    is_cut: Callable[[bytes], bool],
    scope: anyio.CancelScope,
) -> None:
    try:
        async for data in source:
            if is_cut(data):
                break
            await target.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    scope.cancel()


def _reset(stream: SocketStream) -> None:
    """Have it end with a reset."""
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 not Django's
    # A client that was killed may have had it closed already.
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@asynccontextmanager
async def fault_proxy(url: str) -> AsyncGenerator[FaultProxy, None]:
    """Stand before the server at `url`."""
    target = urlsplit(url)
    assert target.hostname
    assert target.port
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 not Django's
        proxy = FaultProxy(port, (target.hostname, target.port))
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()
