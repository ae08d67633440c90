"""`/v1/tts/live`: sessions of text in and audio out, one after another on a socket."""

import logging
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

import anyio
from anyio.abc import TaskGroup
from starlette.types import Receive, Scope, Send

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from protocol.errors import CloseCode
from server.bodies.fields import field, string
from server.dialects.fish.errors import error_response
from server.dialects.fish.events import audio, finish, log, read_event
from server.dialects.fish.request import FishRequest, read_request
from server.dialects.fish.turn import Turn
from server.errors import RequestError
from server.middleware import request_id_of
from server.service import Service
from server.websocket.errors import INTERNAL_ERROR
from server.websocket.places import SocketPlaces
from server.websocket.silence import Silence
from server.websocket.socket import CLOSE_TIMEOUT_S, Disconnected, Socket

#: What was asked for is at fault: no other text makes it good.
_HOPELESS = frozenset({ErrorCode.BAD_VALUE, ErrorCode.UNKNOWN_VOICE, ErrorCode.UNSUPPORTED})

_log = logging.getLogger(__name__)


class LiveEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service, places: SocketPlaces, *, is_timed: bool = False) -> None:
        """Serve sockets that have a place; `with-timestamp`, they are told when a word is heard."""
        self._service = service
        self._places = places
        self._is_timed = is_timed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve until either side leaves."""
        request_id = request_id_of(scope)
        try:
            with self._places.taken():
                socket = Socket(receive, send)
                with suppress(Disconnected):
                    await socket.accept(None)
                    await LiveSession(
                        socket, self._service, request_id, is_timed=self._is_timed
                    ).run()
        except RequestError as error:
            # Not after the handshake: three connections that end at once, and Pipecat gives up.
            self._service.refuse(error.code, ServiceClass.CALL, request_id)
            await error_response(error)(scope, receive, send)


class LiveSession:
    """Serves one accepted socket."""

    def __init__(
        self, socket: Socket, service: Service, session_id: str, *, is_timed: bool
    ) -> None:
        self._is_timed = is_timed
        self._socket = socket
        self._service = service
        self._session_id = session_id
        self._silence = Silence()
        self._turn: Turn | None = None
        #: What a turn that failed was asked for, where the next text may be spoken all the same.
        self._asked: FishRequest | None = None
        self._turn_scope = anyio.CancelScope()
        self._turn_done = anyio.Event()
        self._num_turns = 0
        self._reading = anyio.CancelScope()
        self._close_code = 1000
        self._is_draining = False

    async def run(self) -> None:
        """Serve. Leaving it, however that comes about, ends what is spoken."""
        try:
            with (
                self._service.drain.working(self),
                self._service.timekeeper.watching(self._look),
            ):
                async with anyio.create_task_group() as tasks:
                    with self._reading, suppress(Disconnected):
                        while True:
                            await self._take(await self._socket.receive(), tasks)
                    tasks.cancel_scope.cancel()
        except* Exception:  # noqa: BLE001 whatever it was
            _log.exception("a connection has failed")
            self._close_code = INTERNAL_ERROR
        finally:
            with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True), suppress(Disconnected):
                await self._socket.close(self._close_code)

    def drain(self, deadline_s: float) -> None:
        """Let what is spoken be finished, and begin nothing more."""
        del deadline_s
        self._is_draining = True
        if self._turn is None:
            self.cut()

    def cut(self) -> None:
        """Leave."""
        self._leave(CloseCode.DRAINING)

    def _leave(self, close_code: int) -> None:
        self._close_code = close_code
        self._reading.cancel()

    def _look(self, now_s: float) -> None:
        if self._socket.is_stuck(now_s):
            if self._turn is not None:
                self._turn.outcome = ErrorCode.STALLED.value
            self._socket.give_up()
            self._reading.cancel()
        if self._turn is not None:
            self._silence.end()
            if self._turn.is_too_old(now_s):
                self._turn.outcome = ErrorCode.TIME_LIMIT.value
                self._turn_scope.cancel()
        elif self._silence.lasts_s(now_s) >= self._service.limits.idle_connection_s:
            self._leave(CloseCode.POLICY)

    async def _take(self, data: bytes | str, tasks: TaskGroup) -> None:
        self._silence.end()
        try:
            event = read_event(data)
            if event.get("event") == "start":
                await self._start(event, tasks)
            else:
                self._pass_on(event, tasks)
        except RequestError as error:
            await self._fail(error)

    async def _start(self, event: dict[str, Any], tasks: TaskGroup) -> None:
        self._service.drain.check()
        await self._end_turn()
        self._asked = None
        request = event.get("request")
        fields = request if isinstance(request, dict) else {}
        self._num_turns += 1
        self._begin(read_request(fields, self._service.engine.info), tasks)

    def _begin(self, asked: FishRequest, tasks: TaskGroup) -> None:
        request_id = f"{self._session_id}/{self._num_turns}"
        self._turn = Turn(self._service, asked, request_id, is_timed=self._is_timed)
        self._turn_scope, self._turn_done = anyio.CancelScope(), anyio.Event()
        tasks.start_soon(self._speak, self._turn)

    def _pass_on(self, event: dict[str, Any], tasks: TaskGroup) -> None:
        if event.get("event") == "text" and self._asked is not None:
            # Pipecat says `start` once in a call: the sentence behind one that failed is spoken.
            asked, self._asked = replace(self._asked, text=""), None
            self._num_turns += 1
            self._begin(asked, tasks)
        turn = self._turn
        match event.get("event"):
            case "text" if turn is not None:
                turn.append(field(event, "text", string) or "")
            case "flush" if turn is not None:
                turn.flush()
            case "stop" if turn is not None:
                turn.stop()
            # Behind the end of a session, it was on its way when that was said.
            case "text" if not self._num_turns:
                raise RequestError(ErrorCode.BAD_STATE, "text before start")

    async def _speak(self, turn: Turn) -> None:
        try:
            await self._say(turn)
        except RequestError as error:
            self._turn = None
            with suppress(Disconnected):
                await self._say_error(error, turn)
        finally:
            self._turn_done.set()
            if self._is_draining:
                self.cut()

    async def _say(self, turn: Turn) -> None:
        with self._turn_scope, suppress(Disconnected):
            async with aclosing(turn.messages()) as messages:
                async for message in messages:
                    await self._socket.send(audio(message))
            self._turn = None
            await self._socket.send(finish("stop"))
        if turn.outcome == ErrorCode.TIME_LIMIT:
            raise RequestError(ErrorCode.TIME_LIMIT, "speaking took too long")

    async def _end_turn(self) -> None:
        """Give up what is still spoken: whoever starts anew has no ear for it."""
        if self._turn is not None:
            self._turn_scope.cancel()
            await self._turn_done.wait()
            self._turn = None

    async def _fail(self, error: RequestError) -> None:
        """End the turn with an error, if there is one: it is said all the same."""
        turn = self._turn
        await self._end_turn()
        await self._say_error(error, turn)

    async def _say_error(self, error: RequestError, turn: Turn | None) -> None:
        self._service.refuse(error.code, ServiceClass.CALL, self._session_id)
        if turn is not None and error.code not in _HOPELESS:
            self._asked = turn.asked
        await self._socket.send(log(error.message))
        await self._socket.send(finish("error"))
