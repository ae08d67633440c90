"""A stream for listeners that grant no credit: the clock grants it, as if each played what it got.

Reactive pacing by the transport alone would let a listener's own queues, which have no bound, take
all that the engine can make, and an interruption would waste it.
"""

from collections.abc import AsyncGenerator

import anyio

from engine.scheduling.playback import Playback
from server.parameters import Speech
from server.service import Service
from server.stream import Stream
from server.stream_events import AudioPiece, StreamDone, StreamEvent

#: How far ahead of a listener its audio may be: what an interruption wastes at most, and several
#: times what the slowest step, or a look that comes late, keeps it waiting.
LEAD_S = 4.0
#: How often in a second credit is given: a fraction of the lead, so that nobody is short of it.
LOOKS = 4


class PlayoutClock:
    """What a listener has played by now, if it plays at the pace of the clock."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._playback = Playback(sample_rate_hz)
        self._sent = 0

    @property
    def credit(self) -> int:
        """Return the samples that may be sent before anything is played."""
        return round(LEAD_S * self._rate_hz)

    def sent(self, now_s: float, num_samples: int) -> None:
        """Take note that so many more were sent."""
        self._playback.produce(now_s, num_samples)
        self._sent += num_samples

    def grant(self, now_s: float) -> tuple[int, int]:
        """Return up to which sample the listener may be sent audio, and how much it has played."""
        played = self._sent - round(self._playback.lead_s(now_s) * self._rate_hz)
        return played + self.credit, played


class PacedStream:
    """An open utterance. Leave it with `cancel`, however it ends."""

    def __init__(self, service: Service, speech: Speech, request_id: str) -> None:
        """Open it.

        Raises:
            RequestError: `overloaded`, or `engine_failed`.
        """
        self._timekeeper = service.timekeeper
        self._playout = PlayoutClock(speech.sample_rate_hz)
        self._changed = anyio.Event()
        self._stream = Stream(service, speech, self._playout.credit, request_id, self._wake)
        # As one that says what it plays: that its credit ends for a moment is then no stall.
        self._stream.grant(*self._playout.grant(anyio.current_time()))

    def append(self, text: str) -> None:
        """Append text, verbatim."""
        self._stream.append(text)

    def flush(self) -> None:
        """Speak what is buffered now; `FlushReached` follows its last sample."""
        self._stream.flush(0)

    def end(self) -> None:
        """Say that no more text will come."""
        self._stream.end()

    def cancel(self, outcome: str) -> None:
        """Forget it all; `outcome` says why, for the record, unless it has ended."""
        self._stream.cancel(outcome)

    async def events(self) -> AsyncGenerator[StreamEvent, None]:
        """Yield what may be sent, as it comes, up to the end of the stream."""
        with self._timekeeper.watching(self._look, LOOKS):
            while True:
                await self._stream.convert()
                for event in self._stream.take():
                    if isinstance(event, AudioPiece):
                        self._playout.sent(anyio.current_time(), len(event.pcm))
                    yield event
                    if isinstance(event, StreamDone):
                        return
                await self._changed.wait()
                self._changed = anyio.Event()

    def _look(self, now_s: float) -> None:
        self._stream.grant(*self._playout.grant(now_s))
        if self._stream.is_holding:
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
