"""A live socket of Fish's whose client has a long text spoken and reads nothing of it.

There is no credit on such a socket: only the server's own clock, and then the transport, bound what
is made for it.
"""

from urllib.parse import urlsplit, urlunsplit

import msgpack

from loadtest.light_websocket import WebSocket, dial
from loadtest.texts import long_text
from protocol.messages import Limits

_PATH = "/v1/tts/live"
_REQUEST = {"format": "pcm", "sample_rate": 24_000, "text": ""}
#: What a server takes that was told nothing else.
_TEXT = long_text(Limits().max_text_chars)
_EVENTS = (
    {"event": "start", "request": _REQUEST},
    {"event": "text", "text": _TEXT},
    {"event": "stop"},
)


class DeafFish(WebSocket[None]):
    """One socket. Made by `connect_deaf`."""

    def _accepted(self) -> None:
        """Speak, and read nothing more."""
        self.stop_reading()
        for event in _EVENTS:
            self._socket.send_binary(msgpack.packb(event))
        self.ready.set_result(None)


async def connect_deaf(url: str) -> DeafFish:
    """Connect to the server of a WebSocket's `url`, and have it speak.

    Raises:
        Refused: the server answered something else than an upgrade.
        OSError: there is no server, or it went away.
        TimeoutError: it did not answer.
    """
    address = urlunsplit((*urlsplit(url)[:2], _PATH, "", ""))
    return await dial(address, lambda: DeafFish(address))
