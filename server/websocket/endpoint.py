"""`/ws/tts`: the handshake, then a session."""

from starlette.types import Receive, Scope, Send

from engine.request import ServiceClass
from protocol.messages import SUBPROTOCOL
from server.errors import RequestError
from server.middleware import request_id_of
from server.problems import problem, problem_of
from server.service import Service
from server.websocket.places import SocketPlaces
from server.websocket.session import Session
from server.websocket.socket import Disconnected, Socket


class WebSocketEndpoint:
    """The ASGI application of the route."""

    def __init__(self, service: Service, places: SocketPlaces) -> None:
        self._service = service
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve until either side leaves."""
        if SUBPROTOCOL not in scope.get("subprotocols", []):
            response = problem(400, "bad_message", f"offer the subprotocol {SUBPROTOCOL}")
            await response(scope, receive, send)
            return
        try:
            with self._places.taken():
                await self._serve(scope, Socket(receive, send))
        except RequestError as error:
            self._service.refuse(error.code, ServiceClass.CALL, request_id_of(scope))
            await problem_of(error)(scope, receive, send)

    async def _serve(self, scope: Scope, socket: Socket) -> None:
        try:
            await socket.accept(SUBPROTOCOL)
            await Session(socket, self._service, request_id_of(scope)).run()
        except Disconnected:
            return
