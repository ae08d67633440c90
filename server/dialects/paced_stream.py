"""A stream for listeners that grant no credit: the clock grants it, as if each played what it got.

Reactive pacing by the transport alone would let a listener's own queues, which have no bound, take
all that the engine can make, and an interruption would waste it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio

from engine.scheduling.playback import Playback
from server.parameters import Speech
from server.pulled_stream import PulledStream
from server.service import Service
from server.stream_events import AudioPiece, StreamEvent

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


class PacedStream(PulledStream):
    """An open utterance that is not pulled far ahead. Leave it with `cancel`, however it ends."""

    def __init__(self, service: Service, speech: Speech, request_id: str) -> None:
        """Open it.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        self._timekeeper = service.timekeeper
        self._playout = PlayoutClock(speech.sample_rate_hz)
        super().__init__(service, speech, request_id, self._playout.credit)
        # As one that says what it plays: that its credit ends for a moment is then no stall.
        self._stream.grant(*self._playout.grant(anyio.current_time()))

    async def events(self) -> AsyncGenerator[StreamEvent, None]:
        """Do as `PulledStream` says."""
        with self._timekeeper.watching(self._look, LOOKS):
            async with aclosing(super().events()) as events:
                async for event in events:
                    if isinstance(event, AudioPiece):
                        self._playout.sent(anyio.current_time(), len(event.pcm))
                    yield event

    def _look(self, now_s: float) -> None:
        self._stream.grant(*self._playout.grant(now_s))
        if self._stream.is_holding:
            self._wake()
