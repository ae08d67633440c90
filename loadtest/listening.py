"""A listener who plays, grants and interrupts: messages and the clock in, answers out."""

import math
from dataclasses import dataclass

from loadtest.player import GRANT_PERIOD_S, WINDOW_S, Player
from protocol import messages as m
from protocol.encodings import BYTES_PER_SAMPLE


@dataclass(slots=True)
class TurnTimes:
    """What one turn took, in seconds; `None` is what did not happen."""

    first_audio_s: float | None = None
    #: From `cancel` to `cancelled`.
    cancelled_s: float | None = None
    underruns: int = 0
    pcm_bytes: int = 0


class Listening:
    """Listens to one stream whose text was sent at once."""

    def __init__(self, stream: int, began_s: float, interrupt_after_s: float) -> None:
        """Interrupt so long after first audio; infinity is never."""
        self.times = TurnTimes()
        self.ended = False
        self._stream = stream
        self._began_s = began_s
        self._interrupt_after_s = interrupt_after_s
        self._player: Player | None = None
        self._granted = 0
        self._window = 0
        self._grant_s = began_s + GRANT_PERIOD_S
        self._cancel_s = math.inf
        self._cancelled_s = math.inf

    @property
    def due_s(self) -> float:
        """When to ask for `replies` if nothing comes before."""
        return min(self._grant_s, self._cancel_s)

    def take(self, message: m.ServerMessage, now_s: float) -> None:
        """Take a message."""
        match message:
            case m.Opened(_, rate_hz):
                self._player = Player(rate_hz)
                self._granted = self._window = round(WINDOW_S * rate_hz)
            case m.Audio(_, _, pcm) if self._player is not None:
                if self.times.first_audio_s is None:
                    self.times.first_audio_s = now_s - self._began_s
                    self._cancel_s = now_s + self._interrupt_after_s
                self.times.pcm_bytes += len(pcm)
                stall = self._player.deliver(len(pcm) // BYTES_PER_SAMPLE["pcm16"], now_s)
                self.times.underruns += stall is not None
            case m.Cancelled():
                self.times.cancelled_s = now_s - self._cancelled_s
                self.ended = True
            case m.Done():
                self.ended = True

    def replies(self, now_s: float) -> list[m.ClientMessage]:
        """Return what is due now: a grant, an interruption, both or nothing."""
        if self._player is None or self.ended:
            return []
        played = self._player.played(now_s)
        if now_s >= self._cancel_s:
            self._cancel_s, self._cancelled_s = math.inf, now_s
            return [m.Cancel(self._stream, played)]
        if now_s < self._grant_s:
            return []
        self._grant_s = now_s + GRANT_PERIOD_S
        if played + self._window <= self._granted:
            return []
        self._granted = played + self._window
        return [m.Credit(self._stream, self._granted, played)]
