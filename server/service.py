"""What every face of the server needs: socket, notes, and whatever dialect comes after them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.request import ServiceClass
from protocol.codes import ErrorCode
from protocol.messages import Limits
from server.courtesy import Courtesy
from server.drain import Drain
from server.engine_client import EngineClient
from server.metrics import Metrics
from server.parameters import Speech
from server.request_record import RequestRecord, tell
from server.timekeeper import Timekeeper
from server.voices.lexicon import lexicon_of
from server.voices.library import VoiceLibrary


@dataclass(frozen=True, slots=True)
class Service:
    """The engine, the voices, the limits, the end of it all, and the counting."""

    engine: EngineClient
    limits: Limits = field(default_factory=Limits)
    drain: Drain = field(default_factory=Drain)
    courtesy: Courtesy = field(default_factory=Courtesy)
    timekeeper: Timekeeper = field(default_factory=Timekeeper)
    metrics: Metrics = field(default_factory=Metrics)
    voices: VoiceLibrary = field(default_factory=VoiceLibrary)
    #: In seconds; an event loop's own clock may tick in milliseconds.
    clock: Callable[[], float] = time.monotonic

    async def with_voice(self, speech: Speech) -> Speech:
        """Return `speech` with its voice made, where that is the one of recordings.

        A place is held meanwhile, so that nobody waits for a voice who could not speak with it.
        It is free as this returns: nothing may be awaited before its stream takes it.

        Raises:
            RequestError: there is no such voice, none can be made, or `overloaded`.
        """
        if not speech.to_clone:
            return speech
        model = self.engine.info
        found = [await self.voices.find(each, model) for each in speech.to_clone]
        with self.engine.admission.holding(speech.request):
            cloned = await self.voices.clone(found, model)
        return speech.with_voice(cloned, lexicon_of(found))

    def record(self, speech: Speech, request_id: str) -> RequestRecord:
        """Begin the story of a stream that the engine has taken."""
        return RequestRecord(
            self.metrics,
            speech.request.service_class,
            speech.sample_rate_hz,
            request_id,
            self.clock,
        )

    def refuse(self, code: ErrorCode, service_class: ServiceClass, request_id: str) -> None:
        """Count a request that was turned away before it began, and tell its story."""
        self.metrics.rejected.labels(reason=code.value).inc()
        tell(request_id, service_class, code.value)
