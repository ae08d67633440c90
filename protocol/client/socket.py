# ruff: noqa: TID252 - the same files are installed under another name
"""The WebSocket below a connection: whole binary messages, and every wait for it bounded."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import inf
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

import anyio
import anyio.to_thread
import httpx
from anyio.lowlevel import checkpoint_if_cancelled
from httpcore import AsyncNetworkStream
from httpx_ws import (
    AsyncWebSocketSession,
    HTTPXWSException,
    WebSocketDisconnect,
    WebSocketInvalidTypeReceived,
    WebSocketUpgradeError,
    aconnect_ws,
)
from wsproto.utilities import ProtocolError as WebSocketProtocolError

from ..errors import CloseCode
from ..messages import SUBPROTOCOL
from .errors import ConnectFailed, ConnectionLost
from .gathering import BoundedFrames
from .refusal import refusal

#: To resolve, connect, shake hands with TLS and upgrade: a slow mobile network does it in less.
CONNECT_TIMEOUT_S = 10.0
#: A server that takes nothing for so long takes nothing any more; a client sends little.
SEND_TIMEOUT_S = 10.0
#: The close frame is a courtesy.
CLOSE_TIMEOUT_S = 1.0
#: TCP has no more; the event loops differ in what they make of a larger one.
MAX_PORT = 65_535


class _Session(AsyncWebSocketSession):
    """A session whose close cannot hang on a peer that reads nothing, and whose messages end."""

    def __init__(self, stream: AsyncNetworkStream, **options: Any) -> None:  # noqa: ANN401, theirs
        super().__init__(stream, **options)
        self.connection = BoundedFrames()

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        with anyio.move_on_after(CLOSE_TIMEOUT_S):
            await super().close(code, reason)


class ClientSocket:
    """Whole binary messages, sent one at a time."""

    def __init__(self, session: AsyncWebSocketSession) -> None:
        self._session = session

    def require_subprotocol(self) -> None:
        """Make sure that the server has agreed to speak `voxline.v1`.

        Raises:
            ConnectFailed: it has not.
        """
        agreed = self._session.subprotocol
        if agreed != SUBPROTOCOL:
            raise ConnectFailed(
                f"the server speaks {agreed or 'no subprotocol'}, not {SUBPROTOCOL}"
            )

    async def receive(self) -> bytes:
        """Return the next message.

        Raises:
            ConnectionLost: none will come.
        """
        try:
            return bytes(await self._session.receive_bytes())
        except WebSocketDisconnect as error:
            reason = f"the connection was closed: {error.reason or error.code}"
            raise ConnectionLost(reason, close_code=error.code) from error
        except WebSocketInvalidTypeReceived as error:
            code = CloseCode.UNSUPPORTED_DATA
            raise ConnectionLost("the server sent a text frame", close_code=code) from error
        except (HTTPXWSException, anyio.EndOfStream) as error:
            raise ConnectionLost("the connection broke") from error

    async def send(self, data: bytes) -> None:
        """Send a message. Half of one is none: who is cancelled here has given up the connection.

        Raises:
            ConnectionLost: it cannot be sent.
        """
        try:
            with anyio.fail_after(SEND_TIMEOUT_S):
                await self._session.send_bytes(data)
        except TimeoutError as error:
            raise ConnectionLost("the server takes nothing any more") from error
        except (HTTPXWSException, WebSocketProtocolError) as error:
            raise ConnectionLost("the connection broke") from error

    async def close(self, code: int) -> None:
        """Close, with a close frame if there is still somebody to take it."""
        await self._session.close(code)


@asynccontextmanager
async def open_socket(
    url: str, headers: Mapping[str, str], ssl: SSLContext | None
) -> AsyncIterator[ClientSocket]:
    """Open a WebSocket that speaks this protocol.

    Raises:
        ConnectFailed: the server is not there, refused, or speaks something else.
        ConnectionLost: the WebSocket broke in a way that cancelled the body.
    """
    client = await _http_client(url, ssl)
    try:
        # Of all of it together: the timeouts of HTTP count anew with every byte that comes.
        with anyio.fail_after(CONNECT_TIMEOUT_S) as connecting:
            async with client, _upgraded(url, client, headers) as session:
                # A session that came too late is none.
                await checkpoint_if_cancelled()
                connecting.deadline = inf
                yield ClientSocket(session)
    except WebSocketUpgradeError as error:
        raise refusal(error.response) from error
    except TimeoutError as error:
        reason = f"no answer within {CONNECT_TIMEOUT_S:g} s"
        raise ConnectFailed(f"cannot connect to {url!r}: {reason}") from error
    # A host or path that no encoding can carry is a UnicodeError.
    except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
        reason = str(error) or type(error).__name__
        raise ConnectFailed(f"cannot connect to {url!r}: {reason}") from error
    except ExceptionGroup as group:
        if group.split((HTTPXWSException, WebSocketProtocolError))[1] is not None:
            raise
        raise ConnectionLost("the connection broke") from group


def _upgraded(
    url: str, client: httpx.AsyncClient, headers: Mapping[str, str]
) -> AbstractAsyncContextManager[AsyncWebSocketSession]:
    return aconnect_ws(
        _checked(url),
        client,
        headers=dict(headers),
        subprotocols=[SUBPROTOCOL],
        session_class=_Session,
        # Both the server's pings and our own watch for silence, and in one place.
        keepalive_ping_interval_seconds=None,
    )


async def _http_client(url: str, ssl: SSLContext | None) -> httpx.AsyncClient:
    try:
        verify = ssl or await _verification(url)
        return httpx.AsyncClient(timeout=None, verify=verify)  # noqa: S113, `open_socket` has one
    except (OSError, ValueError, ImportError) as error:
        reason = f"the certificates or the proxy of the environment are of no use: {error}"
        raise ConnectFailed(f"cannot connect to {url!r}: {reason}") from error


async def _verification(url: str) -> SSLContext:
    if url.startswith(("wss:", "https:")):
        # Reading the authorities' certificates takes tens of milliseconds.
        return await anyio.to_thread.run_sync(httpx.create_ssl_context)
    # Trusts nobody: should TLS come into play after all, it fails.
    return SSLContext(PROTOCOL_TLS_CLIENT)


def _checked(url: str) -> str:
    port = httpx.URL(url).port
    if port is not None and port > MAX_PORT:
        raise httpx.InvalidURL(f"a port is at most {MAX_PORT}")
    return url
