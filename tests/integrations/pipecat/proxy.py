"""A wire that can be cut: TCP between a client and a server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.helpers.serving import Server

#: More than a message of audio.
BUFFER_BYTES = 1 << 16


class Proxy:
    """Passes bytes on in both directions, to one server at a time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_open = asyncio.Event()
        self._is_open.set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.address}/ws/tts"

    def cut(self) -> None:
        """End every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def lead_to(self, server: Server) -> None:
        """Lead the connections that come from now on to another server."""
        self.server = server

    async def refuse_for(self, duration_s: float) -> None:
        """Cut, and end what comes at once, in a time that passes meanwhile."""
        self._is_open.clear()
        self.cut()
        asyncio.get_running_loop().call_later(duration_s, self._is_open.set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        if not self._is_open.is_set():
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection(self.server.host, self.server.port)
        mine = {writer, up_writer}
        for each in mine:
            _hold_little(each)
        self._writers |= mine
        try:
            await asyncio.gather(_pass(reader, up_writer), _pass(up_reader, writer))
        finally:
            self._writers -= mine


def _hold_little(writer: asyncio.StreamWriter) -> None:
    # What is on the way arrives after a cut, and would be minutes of speech.
    sock = writer.get_extra_info("socket")
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(server: Server) -> AsyncIterator[Proxy]:
    """Listen on a free port while the block runs."""
    proxy = Proxy(server)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
        proxy.cut()
