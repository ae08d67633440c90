"""What every face of the server needs: socket, notes, and whatever dialect comes after them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.messages import Limits
from server.drain import Drain
from server.engine_client import EngineClient
from server.errors import RequestError
from server.metrics import Metrics
from server.parameters import Speech
from server.request_record import RequestRecord


@dataclass(frozen=True, slots=True)
class Service:
    """The engine, the limits, the end of it all, and the counting."""

    engine: EngineClient
    limits: Limits = field(default_factory=Limits)
    drain: Drain = field(default_factory=Drain)
    metrics: Metrics = field(default_factory=Metrics)
    #: In seconds; an event loop's own clock may tick in milliseconds.
    clock: Callable[[], float] = time.monotonic

    def record(self, speech: Speech, request_id: str) -> RequestRecord:
        """Begin the story of a stream that the engine has taken."""
        return RequestRecord(
            self.metrics,
            speech.request.service_class,
            speech.sample_rate_hz,
            request_id,
            self.clock,
        )

    def count_refusal(self, error: RequestError) -> None:
        """Count a request that was turned away."""
        self.metrics.rejected.labels(reason=error.code.value).inc()
