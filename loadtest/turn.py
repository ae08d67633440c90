"""One turn of a call: a stream, its listener's player, and what is measured of them."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.clock import began, call_at
from loadtest.connection import LoadConnection
from loadtest.counters import PREBUFFERS_S, Measurements
from loadtest.player import GRANT_PERIOD_S, WINDOW_S, Player, Stall
from loadtest.script import Script
from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.encodings import BYTES_PER_SAMPLE

#: Nobody waits longer for an answer; counted as a failure.
FIRST_AUDIO_TIMEOUT_S = 10.0
#: Text that was complete for a shorter time when its listener ran dry came too late to be spoken
#: in time: this is what a server may take from a complete segment to its first audio.
SPEAKING_S = 0.030
#: The answers that say "not now" rather than "never".
_REFUSALS = frozenset(
    {ErrorCode.OVERLOADED, ErrorCode.DRAINING, ErrorCode.TOO_MANY_STREAMS, ErrorCode.QUOTA}
)


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended."""

    #: When its listener has heard all that it will hear.
    heard_s: float
    refused: bool = False
    #: What the refusal advised.
    retry_after_s: float | None = None


class Turn:
    """Speaks one script; `on_end` is called once."""

    def __init__(
        self,
        connection: LoadConnection,
        script: Script,
        measurements: Measurements,
        on_end: Callable[[TurnEnd], None],
        interrupt_after_s: float = math.inf,
    ) -> None:
        self._connection = connection
        self._script = script
        self._measurements = measurements
        self._on_end = on_end
        self._interrupt_after_s = interrupt_after_s
        self._stream = connection.listen(self)
        self._players: dict[float, Player] = {}
        self._granted = 0
        self._window = 0
        self._began_s = 0.0
        self._cancel_s = 0.0
        self._is_cancelled = False
        self._next_piece = 0
        #: Where segments begin, as samples, and where their text ends, as characters.
        self._segments: dict[int, int] = {}
        self._heard_first = False
        self._ended = False

    def begin(self, intended_s: float) -> None:
        """Open the stream, now."""
        if self._connection.is_lost:
            self.lose("not connected")
            return
        self._began_s = began(intended_s)
        self._connection.send(m.Open(self._stream))
        self._speak()
        call_at(self._began_s + GRANT_PERIOD_S, self._tick)

    def take(self, message: m.ServerMessage, now_s: float) -> None:
        """Take a message of the stream."""
        if self._ended:
            return
        match message:
            case m.Opened(_, rate_hz):
                self._players = {held_s: Player(rate_hz, held_s) for held_s in PREBUFFERS_S}
                self._granted = self._window = round(WINDOW_S * rate_hz)
            case m.Mark(_, at, _, end, "segment"):
                self._segments[at] = end
            case m.Audio():
                self._hear(message, now_s)
            case m.Done():
                self._measurements.turns_done += 1
                self._finish()
            case m.Cancelled():
                self._measurements.cancelled.add(now_s - self._cancel_s)
                self._finish()
            case m.Error():
                self._take_error(message)

    def lose(self, reason: str) -> None:
        """Learn that nothing will come any more."""
        if not self._ended:
            self._fail(reason)

    def interrupt(self) -> None:
        """Cancel now, and measure nothing more."""
        if not self._heard_first:
            self.give_up()
        elif not self._ended and not self._is_cancelled:
            self._measurements = Measurements()
            self._cancel_s = time.monotonic()
            self._cancel()

    def give_up(self) -> None:
        """Stop waiting."""
        if not self._ended:
            self._connection.send(m.Cancel(self._stream))
            self._fail("unfinished" if self._heard_first else "timed out")

    def _speak(self) -> None:
        """Send what is due of the text; come again for the rest."""
        if self._ended:
            return
        pieces = self._script.pieces
        due_s = time.monotonic() - self._began_s
        while self._next_piece < len(pieces) and pieces[self._next_piece][0] <= due_s:
            self._connection.send(m.Text(self._stream, pieces[self._next_piece][1]))
            self._next_piece += 1
        if self._next_piece == len(pieces):
            self._connection.send(m.End(self._stream))
        else:
            call_at(self._began_s + pieces[self._next_piece][0], self._speak)

    def _hear(self, audio: m.Audio, now_s: float) -> None:
        if not self._heard_first:
            self._heard_first = True
            waited_s = now_s - self._began_s - self._script.first_segment_s
            self._measurements.first_audio.add(max(waited_s, 0.0))
            if math.isfinite(self._interrupt_after_s):
                self._cancel_s = now_s + self._interrupt_after_s
                call_at(self._cancel_s, self._cancel)
        text_end = self._segments.get(audio.at)
        complete_s = self._began_s
        if text_end is not None:
            complete_s += self._script.complete_s(text_end)
        for held_s, player in self._players.items():
            stall = player.deliver(len(audio.pcm) // BYTES_PER_SAMPLE["pcm16"], now_s)
            if stall is not None:
                self._count(held_s, stall, complete_s)

    def _count(self, held_s: float, stall: Stall, complete_s: float) -> None:
        """Blame the server for a silence only if its text was there in time."""
        in_time = complete_s + SPEAKING_S <= stall.dry_s
        counts = self._measurements.underruns if in_time else self._measurements.text_stalls
        counts[held_s] += 1

    def _cancel(self) -> None:
        if not self._ended and not self._is_cancelled:
            self._is_cancelled = True
            self._cancel_s = began(self._cancel_s)
            self._connection.send(m.Cancel(self._stream, self._played(time.monotonic())))

    def _tick(self) -> None:
        """Grant what was played; look whether anything came at all."""
        if self._ended:
            return
        now_s = time.monotonic()
        overdue_s = now_s - self._began_s - self._script.first_segment_s - FIRST_AUDIO_TIMEOUT_S
        if not self._heard_first and overdue_s > 0:
            self.give_up()
            return
        played = self._played(now_s)
        if played + self._window > self._granted:
            self._granted = played + self._window
            self._connection.send(m.Credit(self._stream, self._granted, played))
        call_at(now_s + GRANT_PERIOD_S, self._tick)

    def _played(self, now_s: float) -> int:
        return self._players[0.0].played(now_s) if self._players else 0

    def _take_error(self, error: m.Error) -> None:
        if error.code not in _REFUSALS or self._heard_first:
            self._fail(error.code.value)
            return
        self._measurements.refusals[error.code.value] += 1
        self._measurements.first_audio.fail()
        if error.retry_after_s is None:
            self._measurements.retry_after.fail()
        else:
            self._measurements.retry_after.add(error.retry_after_s)
        self._end(TurnEnd(time.monotonic(), refused=True, retry_after_s=error.retry_after_s))

    def _fail(self, reason: str) -> None:
        self._measurements.failures[reason] += 1
        if not self._heard_first:
            self._measurements.first_audio.fail()
        self._end(TurnEnd(time.monotonic()))

    def _finish(self) -> None:
        now_s = time.monotonic()
        if not self._heard_first:
            self._fail("silent")
        elif self._is_cancelled:
            self._end(TurnEnd(now_s))
        else:
            self._end(TurnEnd(max(self._players[0.0].dry_s, now_s)))

    def _end(self, end: TurnEnd) -> None:
        self._ended = True
        self._on_end(end)
