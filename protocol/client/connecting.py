"""The way in: from a URL to a connection that is ready."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext

import anyio

from .connection import ClientConnection
from .errors import ConnectFailed
from .socket import ClientSocket, open_socket

#: `ready` is the server's first word, and needs no work of it.
READY_TIMEOUT_S = 10.0


@asynccontextmanager
async def connect(
    url: str, *, headers: Mapping[str, str] | None = None, ssl: SSLContext | None = None
) -> AsyncIterator[ClientConnection]:
    """Connect to a server and wait until it is ready; works on asyncio and trio.

    Args:
        url: the whole URL, `ws://` or `wss://`, with its path.
        headers: more headers of the upgrade, such as `Authorization`.
        ssl: how to verify a `wss` server, by default against the usual authorities.

    Raises:
        ConnectFailed: there is no server, or it refused.
        ConnectionLost: the server went away before it was ready.
    """
    failure: BaseException | None = None
    async with open_socket(url, headers or {}, ssl) as socket, anyio.create_task_group() as tasks:
        connection = ClientConnection(socket)
        try:
            socket.require_subprotocol()
            await _wait_until_ready(connection, socket)
            tasks.start_soon(connection.run)
            yield connection
        # The task groups would wrap it; whoever wrote the body expects it as it was raised.
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001, raised below
            failure = error
        finally:
            await connection.leave()
    if failure is not None:
        raise failure


async def _wait_until_ready(connection: ClientConnection, socket: ClientSocket) -> None:
    try:
        with anyio.fail_after(READY_TIMEOUT_S):
            await connection.handshake()
    except TimeoutError as error:
        await socket.close(1000)
        raise ConnectFailed("the server did not get ready") from error
