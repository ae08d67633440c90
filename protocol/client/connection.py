# ruff: noqa: TID252 - the same files are installed under another name
"""A connection: one task reads, one grants credit, and many streams share the socket."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Unpack

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from ..connection import Connection, Role
from ..encodings import fixed_rate
from ..errors import LocalProtocolError, RemoteProtocolError
from ..messages import (
    Bye,
    Cancel,
    ClientMessage,
    Credit,
    Draining,
    Error,
    Open,
    Ping,
    Ready,
    ServerMessage,
)
from .counting import window_samples
from .errors import ConnectionLost
from .options import StreamOptions
from .outbox import Outbox
from .socket import ClientSocket
from .stream import Stream

#: Audio kept ahead of a listener: rides out a bad second on a mobile network, and is what the
#: server takes for enough.
WINDOW_S = 2.0
#: The server's own pings are as far apart; twice this without a word, and it is gone.
SILENCE_S = 20.0
#: `bye` is a courtesy.
BYE_TIMEOUT_S = 1.0
#: What a stream says that outlives its connection.
CLOSED_BY_OWNER = "the connection was closed by its owner"


class ClientConnection:
    """A connection, made by `connect`. Any task may open streams on it."""

    def __init__(self, socket: ClientSocket) -> None:
        self._socket = socket
        self._outbox = Outbox(socket.send)
        self._core: Connection[ServerMessage, ClientMessage] = Connection(Role.CLIENT)
        self._streams: dict[int, Stream] = {}
        self._last_id = 0
        self._ready: Ready | None = None
        self._draining: Draining | None = None
        self._lost: ConnectionLost | None = None
        self._changed = anyio.Event()
        self._leaving = anyio.Event()
        self._gone = anyio.Event()
        self._running = anyio.CancelScope()

    @property
    def ready(self) -> Ready:
        """What the server said of itself: its model, sample rate in hertz, and limits."""
        assert self._ready is not None  # noqa: S101, `connect` has waited for it
        return self._ready

    @property
    def draining(self) -> Draining | None:
        """The server's notice that it goes away, `None` until it gives one."""
        return self._draining

    @property
    def is_leaving(self) -> bool:
        """Whether new streams belong on another connection: the server drains, or is gone."""
        return self._leaving.is_set()

    async def wait_leaving(self) -> None:
        """Wait until it `is_leaving`."""
        await self._leaving.wait()

    async def wait_lost(self) -> ConnectionLost:
        """Wait until the connection is gone, and return how it ended."""
        await self._gone.wait()
        assert self._lost is not None  # noqa: S101, it is set with the event
        return self._lost.again()

    def stream(
        self, *, window_s: float = WINDOW_S, **options: Unpack[StreamOptions]
    ) -> AbstractAsyncContextManager[Stream]:
        """Open a stream, and cancel it on leaving unless it has ended.

        Text need not wait for the server's answer: what is wrong with the options is raised by
        whatever comes next. Credit keeps `window_s` seconds ahead of a listener who plays at the
        pace of the audio; with `service_class="note"`, ahead of what was taken.

        Raises:
            LocalProtocolError: an option is out of range, or the server's limits forbid it.
            ConnectionLost: the connection is gone.
        """
        return self._stream(window_s, options)

    @asynccontextmanager
    async def _stream(self, window_s: float, options: StreamOptions) -> AsyncIterator[Stream]:
        await checkpoint_if_cancelled()
        self._check()
        rate_hz = options.get("sample_rate") or fixed_rate(options.get("encoding", "pcm16"))
        window = window_samples(window_s, rate_hz or self.ready.sample_rate)
        # No task may come between here and the outbox: ids grow on the wire.
        opening = Open(self._last_id + 1, credit=window, **options)
        taken = self._post(opening)
        self._last_id = opening.stream
        stream = Stream(opening, window, self.send, self._wake)
        self._streams[stream.id] = stream
        try:
            await self._hand_over(taken)
            yield stream
        finally:
            await stream.leave()
            del self._streams[stream.id]

    async def send(self, message: ClientMessage) -> None:
        """Send one message, whole even if the caller is cancelled meanwhile.

        Raises:
            LocalProtocolError: it may not be sent now; nothing was.
            ConnectionLost: the connection is gone.
        """
        await checkpoint_if_cancelled()
        await self._hand_over(self._post(message))

    async def handshake(self) -> None:
        """Wait for `ready`.

        Raises:
            ConnectionLost: the server said something else, or went away.
        """
        while self._ready is None:
            self._take_all(await self._socket.receive())

    async def run(self) -> None:
        """Read, write and grant until the connection is lost, then tell every stream and close."""
        try:
            with self._running:
                async with anyio.create_task_group() as tasks:
                    for forever in (self._read_forever, self._write_forever, self._grant_forever):
                        tasks.start_soon(forever)
        finally:
            # Whoever waits for an answer, or to be heard, waits for tasks that are gone.
            self._lose(ConnectionLost(CLOSED_BY_OWNER))
            self._outbox.close()
        lost = self._lost
        await self._socket.close(1000 if lost is None else lost.close_code or 1000)

    async def leave(self) -> None:
        """Say goodbye to a server that was ready; streams still open are lost."""
        if self._ready is None:
            return
        with (
            anyio.move_on_after(BYE_TIMEOUT_S, shield=True),
            suppress(ConnectionLost, LocalProtocolError),
        ):
            taken = self._post(Bye())
            self._end_all(ConnectionLost(CLOSED_BY_OWNER))
            await taken.wait()
        self._running.cancel()

    async def _read_forever(self) -> None:
        try:
            while True:
                self._take_all(await self._receive())
        except ConnectionLost as lost:
            self._lose(lost)

    async def _receive(self) -> bytes:
        with anyio.move_on_after(SILENCE_S):
            return await self._socket.receive()
        await self.send(Ping())
        with anyio.move_on_after(SILENCE_S):
            return await self._socket.receive()
        raise ConnectionLost("the server has fallen silent")

    def _take_all(self, data: bytes) -> None:
        try:
            messages = self._core.receive(data)
        except RemoteProtocolError as error:
            raise ConnectionLost(error.message, close_code=error.close_code) from error
        for message in messages:
            self._take(message)

    def _take(self, message: ServerMessage) -> None:
        match message:
            case Ready():
                self._ready = message
            case Draining():
                self._draining = message
                self._leaving.set()
            case Error(stream=None):
                raise ConnectionLost(message.message, code=message.code)
            case _:
                stream = self._streams.get(getattr(message, "stream", 0))
                if stream is not None:
                    stream.take(message)

    async def _write_forever(self) -> None:
        try:
            await self._outbox.write_forever()
        except ConnectionLost as lost:
            self._lose(lost)

    async def _grant_forever(self) -> None:
        with suppress(ConnectionLost):
            while True:
                self._changed = anyio.Event()
                due_s = await self._grant_all()
                with anyio.CancelScope(deadline=due_s):
                    await self._changed.wait()

    async def _grant_all(self) -> float:
        for stream in tuple(self._streams.values()):
            grant = stream.grant(anyio.current_time())
            if grant is not None:
                await self.send(Credit(stream.id, *grant))
        return min((s.grant_due_s() for s in self._streams.values()), default=float("inf"))

    def _post(self, message: ClientMessage) -> anyio.Event:
        """Count a message as sent and queue it, in one step; return when the socket has it."""
        self._check()
        data = self._core.send(message)
        if isinstance(message, Cancel) and message.stream in self._streams:
            self._streams[message.stream].fall_silent()
        try:
            return self._outbox.put(data)
        except ConnectionLost as lost:
            self._lose(lost)
            raise

    async def _hand_over(self, taken: anyio.Event) -> None:
        await taken.wait()
        self._check()

    def _wake(self) -> None:
        self._changed.set()

    def _lose(self, lost: ConnectionLost) -> None:
        self._end_all(lost)
        self._running.cancel()

    def _end_all(self, lost: ConnectionLost) -> None:
        if self._lost is None:
            self._lost = lost
            self._leaving.set()
            self._gone.set()
            for stream in self._streams.values():
                stream.finish(lost)

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost.again()
