"""`/ws/tts`: the handshake, then a session."""

import secrets

from starlette.types import Receive, Scope, Send

from protocol.messages import SUBPROTOCOL, Limits
from server.engine_client import EngineClient
from server.problems import problem
from server.websocket.session import Session
from server.websocket.socket import Disconnected, Socket

#: Connections last for minutes: sooner there is hardly a new place.
RETRY_AFTER_S = 5


class WebSocketEndpoint:
    """The ASGI application of the route."""

    def __init__(self, engine: EngineClient, limits: Limits, max_connections: int) -> None:
        self._engine = engine
        self._limits = limits
        self._max_connections = max_connections
        self._num_connections = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve until either side leaves."""
        if SUBPROTOCOL not in scope.get("subprotocols", []):
            response = problem(400, "bad_message", f"offer the subprotocol {SUBPROTOCOL}")
            await response(scope, receive, send)
            return
        if self._num_connections >= self._max_connections:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            response = problem(503, "overloaded", "too many connections", headers)
            await response(scope, receive, send)
            return
        self._num_connections += 1
        try:
            await self._serve(scope, Socket(receive, send))
        finally:
            self._num_connections -= 1

    async def _serve(self, scope: Scope, socket: Socket) -> None:
        session_id = scope.get("state", {}).get("request_id") or secrets.token_hex(8)
        try:
            await socket.accept(SUBPROTOCOL)
            await Session(socket, self._engine, self._limits, session_id).run()
        except Disconnected:
            return
