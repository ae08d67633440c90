"""One utterance on its way out: from the engine's chunks to pieces of audio within the credit.

Every face of the server, socket or HTTP, pulls its audio from a `Stream`. All counts are samples at
the stream's own rate. Lives on the event loop; nothing here waits.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from anyio import to_thread

from engine.outputs import (
    Blocked,
    Chunk,
    Failed,
    Finished,
    Flushed,
    Mark,
    MarkUnit,
    Output,
)
from engine.scheduling.playback import Playback
from engine.steps import Pcm
from protocol.codes import ErrorCode
from server.heard import Heard
from server.outgoing import Outgoing
from server.parameters import Speech
from server.run_ahead import RunAhead
from server.service import Service
from server.stream_events import (
    AudioPiece,
    CreditUsedUp,
    FlushReached,
    MarkReached,
    StreamDone,
    StreamEvent,
    StreamFailed,
)
from server.timekeeper import PERIOD_S

#: Whoever takes looks this often at what is held, since nothing may come that wakes it.
HOLD_LOOKS = 2
HOLD_LOOK_S = PERIOD_S / HOLD_LOOKS
#: With more than this ahead of the listener, a message may wait until it is full: each costs the
#: same. So it leaves half a second before it is missed.
HOLD_LEAD_S = HOLD_LOOK_S + 0.5
#: Credit has stopped where none came for this long: whoever keeps two seconds ahead grants again
#: once half of them is played, at the latest.
CREDIT_FLOWS_S = 2.0


class Stream:
    """An open utterance. `wake` is called when there may be something to take."""

    #: It has its voice.
    is_pending = False

    def __init__(
        self,
        service: Service,
        speech: Speech,
        credit: int,
        request_id: str,
        wake: Callable[[], None],
    ) -> None:
        """Open the utterance.

        Raises:
            RequestError: `unsupported`, `overloaded` or `engine_failed`.
        """
        self.sample_rate_hz = speech.sample_rate_hz
        self.blocked = False
        self._credit = RunAhead(credit, speech.sample_rate_hz)
        self._played: int | None = None
        self._granted_s = service.clock()
        self._wake = wake
        self._engine = service.engine
        self._service_class = speech.request.service_class
        self._path = speech.audio_path()
        self._model_samples_per_sample = (
            speech.model_rate_hz * speech.stretch / speech.sample_rate_hz
        )
        self._inbox: deque[Output] = deque()
        self._outgoing = Outgoing(speech.sample_rate_hz)
        self._clock = service.clock
        self._listener = Playback(speech.sample_rate_hz)
        #: In the model's samples: what the engine may make, and where it last ran out of credit.
        self._demanded = self._path.demand(self._credit.allowed)
        self._engine_blocked_at = -1
        self._cancelled = False
        self._heard = Heard()
        self._segment_text_end = 0
        self._utterance = service.engine.open(speech.request, self._demanded, self._receive)
        self._record = service.record(speech, request_id)

    @property
    def sent(self) -> int:
        """The samples handed out so far."""
        return self._outgoing.sent

    @property
    def is_holding(self) -> bool:
        """Tell whether something waits here that may be said: `take` again before long."""
        has_audio = self.sent < min(self._outgoing.available, self._credit.granted)
        return has_audio or (self._is_out_of_credit and not self.blocked)

    @property
    def has_unconverted(self) -> bool:
        """Tell whether `convert` has anything to do."""
        return bool(self._inbox)

    @property
    def converts_in_thread(self) -> bool:
        """Tell whether `convert` does its work beside the event loop."""
        return self._path.is_costly

    @property
    def is_pressing(self) -> bool:
        """Tell whether nothing more may come until what waits for `convert` is taken."""
        return bool(self._inbox) and not isinstance(self._inbox[-1], Chunk)

    @property
    def is_due(self) -> bool:
        """Tell whether something waits here that may wait no longer."""
        return self.is_holding and not self._may_hold()

    def lengthen_pieces(self, piece_s: float) -> None:
        """Have audio taken in pieces of up to `piece_s` seconds."""
        self._outgoing.max_piece = int(self.sample_rate_hz * piece_s)

    def append(self, text: str) -> None:
        """Append text, verbatim."""
        self._record.text(len(text))
        self._utterance.append(text)

    def flush(self, token: int) -> None:
        """Speak what is buffered now; `FlushReached` follows its last sample."""
        self._utterance.flush(token)

    def end(self) -> None:
        """Say that no more text will come."""
        self._utterance.end()

    def cancel(self, outcome: str, played: int | None = None) -> None:
        """Forget it all: nothing more can be taken. `outcome` says why, for the record."""
        self._played = self._played if played is None else played
        unplayed = 0 if self._played is None else max(self.sent - self._played, 0)
        self._record.cancelled(self._num_unsent, unplayed)
        self._record.end(outcome)
        self._utterance.cancel()
        self._cancelled = True
        # Whoever wakes for this stream holds it, too.
        self._wake = _nobody
        self._inbox.clear()
        self._outgoing.clear()

    def grant(self, upto: int, played: int | None = None) -> None:
        """Allow samples up to `upto`; a smaller one changes nothing."""
        if upto > self._credit.granted:
            self._credit.granted = upto
            self._granted_s = self._clock()
            self.blocked = False
            self._record.resumed()
        model_played = None
        if played is not None:
            self._played = played
            self._listener.report(self._clock(), played)
            model_played = round(played * self._model_samples_per_sample)
        self._credit.renew(self.sent)
        self._pass_credit_on(model_played)
        if self.is_due:
            self._wake()

    def heard(self, played: int) -> int:
        """Return the number of characters heard once `played` samples were played."""
        return self._heard.upto(min(played, self.sent))

    async def convert(self, most: int = sys.maxsize) -> None:
        """Turn what the engine has delivered into what can be taken, `most` outputs of it."""
        while self._inbox and most > 0:
            most -= 1
            output = self._inbox.popleft()
            if isinstance(output, Chunk):
                await self._convert_chunk(output)
            else:
                self._accept(output)

    def take(self) -> Iterator[StreamEvent]:
        """Yield what may be sent now, in order; it counts as sent once yielded."""
        while (event := self._outgoing.next(self._credit.granted, self._may_hold)) is not None:
            self._note(event)
            yield event
        if self._is_out_of_credit and not self._may_hold():
            yield from self._stalled()

    def _may_hold(self) -> bool:
        now_s = self._clock()
        return self._may_wait(now_s) and self._listener.lead_s(now_s) > HOLD_LEAD_S

    def _may_wait(self, now_s: float) -> bool:
        """Tell whether more will come that makes a message full."""
        # Credit of a listener that says what it has played comes as it plays: it ends several times
        # a second, and that is no stall. Another one may wait for the last granted sample.
        if self._played is not None and now_s - self._granted_s < CREDIT_FLOWS_S:
            return True
        return not self._engine_waits and self._outgoing.available < self._credit.granted

    @property
    def _engine_waits(self) -> bool:
        return self._engine_blocked_at >= self._demanded

    @property
    def _is_out_of_credit(self) -> bool:
        has_more = self._engine_waits or self._outgoing.available > self._credit.granted
        return has_more and self.sent >= self._credit.granted

    def _pass_credit_on(self, model_played: int | None = None) -> None:
        self._demanded = max(self._demanded, self._path.demand(self._credit.allowed))
        self._utterance.grant(self._demanded, model_played)

    def _note(self, event: StreamEvent) -> None:
        if isinstance(event, AudioPiece):
            self._record.audio(len(event.pcm))
            self._listener.produce(self._clock(), len(event.pcm))
            if self._credit.renew(self.sent):
                self._pass_credit_on()
        elif isinstance(event, StreamDone):
            self._record.end("ok")

    @property
    def _num_unsent(self) -> int:
        waiting = sum(len(output.pcm) for output in self._inbox if isinstance(output, Chunk))
        return self._path.produced - self.sent + round(waiting / self._model_samples_per_sample)

    def _failed(self, output: Failed) -> StreamFailed:
        code, retry_after_s = ErrorCode.INTERNAL, None
        if self._engine.failed:
            code = ErrorCode.ENGINE_FAILED
        elif output.out_of_memory:
            code = ErrorCode.OVERLOADED
            retry_after_s = self._engine.admission.retry_after_s(self._service_class)
        self._record.end(code.value)
        return StreamFailed(code, output.message, retry_after_s)

    def _receive(self, output: Output) -> None:
        self._inbox.append(output)
        self._wake()

    async def _convert_chunk(self, chunk: Chunk) -> None:
        feed = partial(self._path.feed, chunk.pcm, segment_end=chunk.segment_end)
        samples = await to_thread.run_sync(feed) if self._path.is_costly else feed()
        # It may have been cancelled meanwhile.
        if not self._cancelled:
            self._accept_chunk(chunk, samples)

    def _accept_chunk(self, chunk: Chunk, samples: Pcm) -> None:
        if chunk.underran:
            self._record.underran()
        for mark in chunk.marks:
            self._accept_mark(mark)
        self._outgoing.put_audio(samples)
        if chunk.segment_end:
            # What follows may be long in coming.
            self._outgoing.put_event(self._path.produced, None)
            self._heard.segment_end(self._path.produced, self._segment_text_end)

    def _accept(self, output: Flushed | Finished | Failed | Blocked) -> None:
        match output:
            case Flushed(_, token, _):
                at = self._path.produced
                self._outgoing.put_event(at, FlushReached(token, at))
            case Finished(_, _, reason):
                at = self._path.produced
                self._outgoing.put_event(at, StreamDone(at, reason))
            case Failed():
                self._outgoing.fail(self._failed(output))
            case Blocked(_, at):
                self._engine_blocked_at = at

    def _accept_mark(self, mark: Mark) -> None:
        at = self._path.position(mark.at)
        if mark.unit is MarkUnit.WORD:
            self._heard.word(at, mark.end)
        else:
            self._segment_text_end = mark.end
        self._outgoing.put_event(at, MarkReached(at, mark.start, mark.end, mark.unit))

    def _stalled(self) -> Iterator[StreamEvent]:
        if not self.blocked:
            self.blocked = True
            self._record.stalled()
            yield CreditUsedUp(self.sent)


def _nobody() -> None:
    """Wake nobody."""
