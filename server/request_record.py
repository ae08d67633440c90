"""The story of one call or note: counted in the metrics, and told in one line of the log."""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from engine.request import ServiceClass
from server.logs import FIELDS
from server.metrics import Metrics

_log = logging.getLogger("voxline.request")

_MS = 1e3


class RequestRecord:
    """Follows one stream from its opening to its end. Text, audio and keys never enter it."""

    def __init__(
        self,
        metrics: Metrics,
        service_class: ServiceClass,
        sample_rate_hz: int,
        request_id: str,
        clock: Callable[[], float],
    ) -> None:
        """Begin the story of a stream at `sample_rate_hz`."""
        self._clock = clock
        self._metrics = metrics
        self._service_class = service_class
        self._rate_hz = sample_rate_hz
        self._request_id = request_id
        self._opened_s = self._clock()
        self._text_s: float | None = None
        self._first_audio_s: float | None = None
        self._stalled_since_s: float | None = None
        self._num_chars = 0
        self._num_samples = 0
        self._num_stalls = 0
        self._num_underruns = 0
        self._ended = False
        metrics.active[service_class].inc()

    def text(self, num_chars: int) -> None:
        """Take note of text."""
        if self._text_s is None:
            self._text_s = self._clock()
        self._num_chars += num_chars

    def audio(self, num_samples: int) -> None:
        """Take note of audio handed to the transport."""
        if self._first_audio_s is None and self._text_s is not None:
            self._first_audio_s = self._clock() - self._text_s
            kind = self._service_class.value
            self._metrics.first_audio.labels(kind=kind).observe(self._first_audio_s)
        self._num_samples += num_samples
        self._metrics.samples_sent.inc(num_samples)

    def stalled(self) -> None:
        """Take note that generation waits for credit."""
        self._num_stalls += 1
        self._stalled_since_s = self._clock()
        self._metrics.stalls.inc()

    def resumed(self) -> None:
        """Take note that it does not wait any more."""
        if self._stalled_since_s is not None:
            self._metrics.stall_time.inc(self._clock() - self._stalled_since_s)
            self._stalled_since_s = None

    def underran(self) -> None:
        """Take note that a caller ran dry; nobody listens to a note while it is made."""
        if self._service_class is ServiceClass.CALL:
            self._num_underruns += 1
            self._metrics.underruns.inc()

    def cancelled(self, num_unsent: int, num_unplayed: int) -> None:
        """Take note of the samples that were made for nothing, unless it has ended already."""
        if self._ended:
            return
        wasted = self._metrics.cancelled
        wasted.labels(stage="generated_unsent").inc(num_unsent / self._rate_hz)
        wasted.labels(stage="sent_unplayed").inc(num_unplayed / self._rate_hz)

    def end(self, outcome: str) -> None:
        """Close the story, once: `ok`, `cancelled`, or the code of an error."""
        if self._ended:
            return
        self._ended = True
        self.resumed()
        kind = self._service_class.value
        self._metrics.active[self._service_class].dec()
        self._metrics.requests.labels(kind=kind, outcome=outcome).inc()
        tell(self._request_id, self._service_class, outcome, self._figures())

    def _figures(self) -> dict[str, Any]:
        first_audio_s = self._first_audio_s
        return {
            "chars": self._num_chars,
            "audio_s": round(self._num_samples / self._rate_hz, 3),
            "first_audio_ms": None if first_audio_s is None else round(first_audio_s * _MS, 1),
            "duration_s": round(self._clock() - self._opened_s, 3),
            "stalls": self._num_stalls,
            "underruns": self._num_underruns,
        }


def tell(
    request_id: str,
    service_class: ServiceClass,
    outcome: str,
    figures: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write the one line of a request; one that was refused has no figures."""
    names = {"request_id": request_id, "kind": service_class.value, "outcome": outcome}
    _log.info("request", extra={FIELDS: {**names, **figures}})
