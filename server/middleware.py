"""What every request passes: its id, and the question where it comes from."""

import re
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.problems import problem

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class RequestId:
    """Takes the caller's `X-Request-Id`, or makes one, and returns it with the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] in _STARTS:
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}


def request_id_of(scope: Scope) -> str:
    """Return the id that `RequestId` gave the request."""
    request_id: str = scope["state"]["request_id"]
    return request_id


class OriginCheck:
    """Keeps pages of other origins out: a browser would let any page speak to a local server.

    Programs send no `Origin` and pass. A page passes when the settings allow its origin, or when
    it comes from this very server by address: a name could be an attacker's, made to resolve here.
    """

    def __init__(self, app: ASGIApp, allowed_origins: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection, or refuse it with 403."""
        if scope["type"] != "lifespan":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not self._is_allowed(origin, headers.get("host", "")):
                response = problem(403, "unauthorized", "pages of this origin may not connect")
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_allowed(self, origin: str, host: str) -> bool:
        return "*" in self._allowed or origin in self._allowed or _is_here(origin, host)


def _is_here(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        if parts.netloc != host or parts.hostname is None:
            return False
        return parts.hostname == "localhost" or bool(ip_address(parts.hostname))
    except ValueError:
        return False
