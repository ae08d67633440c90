"""`/ws/tts`: the handshake, then a session."""

from starlette.types import Receive, Scope, Send

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from protocol.messages import SUBPROTOCOL
from server.errors import RequestError
from server.middleware import request_id_of
from server.problems import problem, problem_of
from server.service import Service
from server.websocket.session import Session
from server.websocket.socket import Disconnected, Socket

#: Connections last for minutes: sooner there is hardly a new place.
RETRY_AFTER_S = 5.0


class WebSocketEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service, max_connections: int) -> None:
        self._service = service
        self._max_connections = max_connections
        self._num_connections = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve until either side leaves."""
        if SUBPROTOCOL not in scope.get("subprotocols", []):
            response = problem(400, "bad_message", f"offer the subprotocol {SUBPROTOCOL}")
            await response(scope, receive, send)
            return
        try:
            self._check_room()
        except RequestError as error:
            self._service.refuse(error.code, ServiceClass.CALL, request_id_of(scope))
            await problem_of(error)(scope, receive, send)
            return
        self._num_connections += 1
        try:
            with self._service.metrics.connections.track_inprogress():
                await self._serve(scope, Socket(receive, send))
        finally:
            self._num_connections -= 1

    def _check_room(self) -> None:
        self._service.drain.check()
        if self._num_connections >= self._max_connections:
            raise RequestError(
                ErrorCode.OVERLOADED, "too many connections", retry_after_s=RETRY_AFTER_S
            )

    async def _serve(self, scope: Scope, socket: Socket) -> None:
        try:
            await socket.accept(SUBPROTOCOL)
            await Session(socket, self._service, request_id_of(scope)).run()
        except Disconnected:
            return
