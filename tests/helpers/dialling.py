"""A socket without a library: what is sent is bytes, and so is what comes."""

import anyio
from anyio.abc import SocketStream

#: Far longer than an answer takes: only a hang gets there.
TIMEOUT_S = 15.0


async def dial(host: str, port: int, sent: bytes = b"") -> SocketStream:
    """Connect and send something."""
    stream = await anyio.connect_tcp(host, port)
    await stream.send(sent)
    return stream


async def rest(stream: SocketStream) -> bytes:
    """Read until the server closes."""
    data = b""
    with anyio.fail_after(TIMEOUT_S):
        try:
            while True:
                data += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return data
