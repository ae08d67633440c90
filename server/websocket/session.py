"""One connection: a reader in the host task, and a writer as its child."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import anyio
from anyio.abc import TaskGroup

from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.connection import Connection, Fault, Role
from protocol.errors import CloseCode, RemoteProtocolError
from server.errors import RequestError
from server.service import Service
from server.stream import HOLD_LOOKS
from server.stream_events import StreamDone, StreamFailed
from server.websocket.errors import GONE, INTERNAL_ERROR, connection_error, stream_error
from server.websocket.live_stream import LiveStream
from server.websocket.opening import opening_of, refuse
from server.websocket.outbox import MAX_OUTBOX, Outbox
from server.websocket.pending import PendingStream
from server.websocket.silence import Silence
from server.websocket.socket import Disconnected, Socket

_log = logging.getLogger(__name__)


class Session:
    """Serves one accepted connection until either side leaves."""

    def __init__(self, socket: Socket, service: Service, session_id: str) -> None:
        self._socket = socket
        self._service = service
        self._session_id = session_id
        self._receiving = anyio.CancelScope()
        self._connection = Connection(Role.SERVER, service.limits)
        self._streams: dict[int, LiveStream] = {}
        self._pending: list[PendingStream] = []
        self._ready: dict[int, None] = {}
        self._outbox = Outbox(service)
        self._changed = anyio.Event()
        self._close_code: int | None = None
        self._writer_done: anyio.Event | None = None
        self._is_draining = False
        self._silence = Silence()
        self._spoken_s = float("-inf")

    async def run(self) -> None:
        """Serve. Leaving it, however that comes about, ends every stream of the connection."""
        with self._service.drain.working(self):
            await self._serve()
            if self._close_code == CloseCode.DRAINING:
                await self._socket.linger(self._spoken_s)

    async def _serve(self) -> None:
        model = self._service.engine.info
        ready = m.Ready(self._session_id, model.name, model.sample_rate_hz, self._service.limits)
        try:
            with self._service.timekeeper.watching(self.look):
                await self._socket.send(self._connection.send(ready))
                async with anyio.create_task_group() as tasks:
                    await self._read(tasks)
                    await self._let_writer_finish()
                    tasks.cancel_scope.cancel()
        except* Disconnected:
            pass
        except* Exception:  # noqa: BLE001 whatever it was
            self._fail()
        finally:
            self._end_streams("disconnected")
            with self._socket.closing(shield=True):
                await self._close()

    def drain(self, deadline_s: float) -> None:
        """Say that the server goes away, and leave with the last stream."""
        self._is_draining = True
        self._post(m.Draining(deadline_s))
        self._leave_if_drained()

    def look(self, now_s: float) -> None:
        """Keep the limits in time, and let go what was held for long enough."""
        try:
            self._keep_limits(now_s)
        except Exception:  # noqa: BLE001 whatever it was
            self._fail()

    def _keep_limits(self, now_s: float) -> None:
        if self._socket.is_stuck(now_s):
            self._hang_up()
        for live in list(self._streams.values()):
            expiry = live.expiry(self._service.limits, now_s)
            if expiry is not None:
                self._refuse(stream_error(live.number, expiry))
        self._leave_if_idle(now_s)

    def cut(self) -> None:
        """End every stream and leave."""
        refusal = RequestError(ErrorCode.DRAINING, "the server had to go")
        for number in list(self._streams):
            self._end_stream(number, refusal.code.value)
            self._post(stream_error(number, refusal))
        self._leave(CloseCode.DRAINING)

    def _leave_if_drained(self) -> None:
        if self._is_draining and not self._streams and self._close_code is None:
            self._socket.wait_for_listener(self._spoken_s)
            self._leave(CloseCode.DRAINING)

    def _leave_if_idle(self, now_s: float) -> None:
        if self._streams:
            self._silence.end()
        elif self._silence.lasts_s(now_s) >= self._service.limits.idle_connection_s:
            self._post(connection_error(ErrorCode.IDLE, "no message for too long"))
            self._leave(CloseCode.POLICY)

    def _fail(self) -> None:
        """Leave: a fault of ours must not look like an orderly end."""
        _log.exception("a connection has failed")
        self._post(connection_error(ErrorCode.INTERNAL, "the server has failed"))
        self._leave(INTERNAL_ERROR)

    def _hang_up(self) -> None:
        """End all that is done for a peer that is gone."""
        self._socket.give_up()
        self._end_streams("disconnected")
        self._leave(GONE)

    def _end_streams(self, outcome: str) -> None:
        for number in list(self._streams):
            self._end_stream(number, outcome)

    def _leave(self, close_code: int) -> None:
        self._close_code = self._close_code or close_code
        self._receiving.cancel()

    async def _read(self, tasks: TaskGroup) -> None:
        with self._receiving:
            try:
                while self._close_code is None:
                    self._take(await self._socket.receive())
                    self._start_to_work(tasks)
            except Disconnected:
                # The writer ends by itself: to cancel it would leave all of this in a cycle.
                self._hang_up()

    def _start_to_work(self, tasks: TaskGroup) -> None:
        """Start the writer once there is something for it to do."""
        while self._pending:
            tasks.start_soon(self._begin, self._pending.pop())
        if self._writer_done is None and (self._streams or self._outbox):
            self._writer_done = anyio.Event()
            tasks.start_soon(self._write, self._writer_done)

    async def _let_writer_finish(self) -> None:
        """Wait for what it has taken to send: cancelled, it would lose a message or repeat one."""
        if self._writer_done is not None:
            self._changed.set()
            with self._socket.closing():
                await self._writer_done.wait()

    def _take(self, data: bytes | str) -> None:
        self._silence.end()
        try:
            if isinstance(data, str):
                self._connection.receive_text_frame()
            for message in self._connection.receive(data):
                self._handle(message)
        except RemoteProtocolError as error:
            self._post(error.error)
            self._close_code = error.close_code

    def _handle(self, message: m.ClientMessage | Fault) -> None:
        match message:
            case Fault(error):
                self._refuse(error)
            case m.Ping(ping_id):
                self._post(m.Pong(ping_id))
            case m.Bye():
                self._close_code = 1000
            case _:
                self._serve_stream(message)

    def _serve_stream(self, message: m.StreamMessage) -> None:
        try:
            if isinstance(message, m.Open):
                self._open(message)
            elif isinstance(message, m.Cancel):
                live = self._streams[message.stream]
                self._end_stream(message.stream, "cancelled", message.played)
                self._post(live.cancelled(message))
            else:
                self._streams[message.stream].take(message)
        except RequestError as error:
            self._refuse(stream_error(message.stream, error), message)

    def _refuse(self, error: m.Error, message: m.ClientMessage | None = None) -> None:
        """End the stream that an error is about, or count one that never began."""
        if error.stream in self._streams:
            self._end_stream(error.stream, error.code.value)
        else:
            refuse(self._service, f"{self._session_id}/{error.stream}", error, message)
        self._post(error)

    def _open(self, message: m.Open) -> None:
        self._service.drain.check()
        number = message.stream
        wake, request_id = partial(self._call_on, number), f"{self._session_id}/{number}"
        opening = opening_of(message, self._service, request_id, wake)
        stream = PendingStream(opening) if opening.waits_for_voice else opening.open()
        self._streams[number] = LiveStream(number, stream, message.encoding)
        if isinstance(stream, PendingStream):
            self._pending.append(stream)
        else:
            self._post(m.Opened(number, stream.sample_rate_hz))

    async def _begin(self, pending: PendingStream) -> None:
        """Let a stream begin as soon as its voice is made."""
        message = pending.opening.message
        try:
            stream = await pending.begin()
        except RequestError as error:
            self._streams.pop(message.stream, None)  # it never began
            self._refuse(stream_error(message.stream, error), message)
        else:
            if stream is not None:
                self._streams[message.stream].stream = stream
                self._post(m.Opened(message.stream, stream.sample_rate_hz))

    def _end_stream(
        self, number: int | None, outcome: str = "ok", played: int | None = None
    ) -> None:
        live = None if number is None else self._streams.pop(number, None)
        if live is not None:
            self._ready.pop(live.number, None)
            self._spoken_s = anyio.current_time()
            live.stream.cancel(outcome, played)

    def _post(self, message: m.ServerMessage) -> None:
        """Queue an answer ahead of all audio."""
        if self._close_code is not None:
            return  # nothing follows what closes the connection
        if len(self._outbox) == MAX_OUTBOX:
            message = connection_error(ErrorCode.STALLED, "answers are not read")
        data = self._connection.send(message)
        self._outbox.put(data, is_cancelled=isinstance(message, m.Cancelled))
        if len(self._outbox) > MAX_OUTBOX:
            self._leave(CloseCode.POLICY)
        self._changed.set()

    def _call_on(self, number: int) -> None:
        """Let the writer look at a stream."""
        self._ready[number] = None
        self._changed.set()

    def _call_due(self, _now_s: float) -> None:
        for number, live in self._streams.items():
            if live.stream.is_due:
                self._call_on(number)

    async def _write(self, done: anyio.Event) -> None:
        with self._service.timekeeper.watching(self._call_due, HOLD_LOOKS):
            while self._close_code is None:
                await self._changed.wait()
                self._changed = anyio.Event()
                self._socket.begin_turn()
                await self._outbox.send(self._socket)
                while self._ready and self._close_code is None:
                    number = next(iter(self._ready))
                    del self._ready[number]
                    await self._send_stream(self._streams[number])
                self._leave_if_drained()
        await self._outbox.send(self._socket)
        done.set()

    async def _send_stream(self, live: LiveStream) -> None:
        """Send what a stream has; answers that come up meanwhile go first."""
        await live.stream.convert()
        await self._outbox.send(self._socket)
        messages = self._messages(live)
        while self._is_open(live) and (message := next(messages, None)) is not None:
            await self._socket.send(message)
            await self._outbox.send(self._socket)

    def _is_open(self, live: LiveStream) -> bool:
        return live.number in self._streams and self._close_code is None

    def _messages(self, live: LiveStream) -> Iterator[bytes]:
        for event in live.stream.take():
            if isinstance(event, StreamDone | StreamFailed):
                self._end_stream(live.number)
            yield self._connection.send(live.message(event))

    async def _close(self) -> None:
        with suppress(Disconnected):
            await self._outbox.send(self._socket)
            await self._socket.close(self._close_code or 1000)
