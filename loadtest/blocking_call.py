"""A call for generators that give each user a thread, or gevent's stand-in for one.

`websocket-client` moves the frames, `protocol` judges the messages.
"""

import time

from websocket import ABNF, WebSocketException, WebSocketTimeoutException, create_connection

from loadtest.listening import Listening, TurnTimes
from protocol import messages as m
from protocol.connection import Connection, Role

#: A server that says nothing at all for so long, not even that it waits for credit, is gone.
SILENCE_S = 10.0
#: The closing handshake is a courtesy.
CLOSE_TIMEOUT_S = 1


class CallFailed(Exception):
    """The server refused the turn, failed, or went away."""


class BlockingCall:
    """One connection, on which turns follow each other."""

    def __init__(self, url: str) -> None:
        """Connect to `url`.

        Raises:
            OSError: there is no server.
            WebSocketException: it refused.
        """
        self._socket = create_connection(url, SILENCE_S, subprotocols=[m.SUBPROTOCOL])
        self._core: Connection[m.ServerMessage, m.ClientMessage] = Connection(Role.CLIENT)
        self._last_stream = 0

    def close(self) -> None:
        """Leave."""
        self._socket.close(timeout=CLOSE_TIMEOUT_S)

    def speak(self, text: str, interrupt_after_s: float = float("inf")) -> TurnTimes:
        """Have `text` spoken and listen to it; `interrupt_after_s` counts from first audio.

        Raises:
            CallFailed: the server refused, failed, or is gone.
            RemoteProtocolError: it broke the protocol.
        """
        self._last_stream += 1
        stream = self._last_stream
        listening = Listening(stream, time.monotonic(), interrupt_after_s)
        self._send(m.Open(stream), m.Text(stream, text), m.End(stream))
        heard_s = time.monotonic()
        while not listening.ended:
            messages = self._receive(listening.due_s)
            now_s = time.monotonic()
            for message in messages:
                heard_s = now_s
                if isinstance(message, m.Error):
                    raise CallFailed(message.code.value)
                listening.take(message, now_s)
            if now_s - heard_s > SILENCE_S:
                raise CallFailed("silence")
            self._send(*listening.replies(now_s))
        return listening.times

    def _send(self, *messages: m.ClientMessage) -> None:
        self._socket.settimeout(SILENCE_S)
        for message in messages:
            self._socket.send_binary(self._core.send(message))

    def _receive(self, until_s: float) -> list[m.ServerMessage]:
        """Return what comes next; nothing if it does not come in time."""
        # A timeout of zero would be no timeout but no waiting.
        self._socket.settimeout(max(until_s - time.monotonic(), 0.001))
        try:
            opcode, data = self._socket.recv_data()
        except WebSocketTimeoutException:
            return []
        except WebSocketException as error:
            raise CallFailed(str(error)) from error
        if opcode != ABNF.OPCODE_BINARY:
            raise CallFailed("the server closed the connection")
        return self._core.receive(data)
