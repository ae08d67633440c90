"""Clients that are there beside the calls and are not measured: idle, mute and deaf ones."""

import time
from typing import Literal

from loadtest.clock import call_at
from loadtest.connection import LoadConnection
from loadtest.player import GRANT_PERIOD_S, WINDOW_S
from loadtest.texts import long_text
from protocol import messages as m

#: `mute` grants nothing after its first credit; `deaf` grants as if it played, and reads nothing.
BadHabit = Literal["mute", "deaf"]


class BadListener:
    """A client with a long text and a bad habit."""

    def __init__(self, connection: LoadConnection, habit: BadHabit) -> None:
        """Open a stream on `connection`, at once."""
        self._connection = connection
        self._habit = habit
        self._stream = connection.listen(self)
        self._rate_hz = 0
        self._opened_s = 0.0
        #: Why it was turned away; empty while it is served.
        self.ended = ""
        text = long_text(connection.ready.result().limits.max_text_chars)
        connection.send(m.Open(self._stream), m.Text(self._stream, text), m.End(self._stream))

    def take(self, message: m.ServerMessage, now_s: float) -> None:
        """Take a message of the stream."""
        match message:
            case m.Opened(_, rate_hz) if self._habit == "deaf":
                self._rate_hz, self._opened_s = rate_hz, now_s
                self._connection.stop_reading()
                self._grant()
            case m.Error(code):
                self.ended = code.value
            case m.Done():
                self.ended = "done"

    def lose(self, reason: str) -> None:
        """Learn that nothing will come any more."""
        self.ended = self.ended or reason

    def _grant(self) -> None:
        if not self.ended:
            seconds = time.monotonic() - self._opened_s + WINDOW_S
            self._connection.send(m.Credit(self._stream, round(seconds * self._rate_hz)))
            call_at(time.monotonic() + GRANT_PERIOD_S, self._grant)
