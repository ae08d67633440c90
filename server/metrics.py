"""What the server counts, for Prometheus. Few labels, all of them bounded; no text, voice or id."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from engine.request import ServiceClass

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

#: Around 200 ms, where a caller begins to notice.
_FIRST_AUDIO_S = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2, 5,
)  # fmt: skip
_STEP_S = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1)
_CANCEL_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 1)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LAG_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)


class Metrics:
    """The metrics of one server, in a registry of its own. Any thread may count."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._count_requests()
        self._count_audio()
        self._count_jobs()
        self._count_engine()

    def _count_requests(self) -> None:
        self.requests = self._counter("requests", "Ended calls and notes", "kind", "outcome")
        self.rejected = self._counter("rejected", "Requests that were refused, by code", "reason")
        self.unread = self._counter(
            "unread_connections", "Connections that were given up, since their peers took nothing"
        )
        self.active = {
            ServiceClass.CALL: self._gauge("calls_active", "Open calls"),
            ServiceClass.NOTE: self._gauge("notes_active", "Open notes"),
        }
        self.connections = self._gauge("connections", "Open WebSockets")
        self.first_audio = self._histogram(
            "ttfa_seconds",
            "From the first text to the first audio handed to the transport",
            _FIRST_AUDIO_S,
            "kind",
        )
        self.cancel_latency = self._histogram(
            "cancel_latency_seconds",
            "From reading a cancel to its answer handed to the transport",
            _CANCEL_S,
        )

    def _count_audio(self) -> None:
        self.audio = self._counter("audio_seconds", "Audio made by the engine")
        self.samples_generated = self._counter(
            "samples_generated", "Samples made by the engine, at the model's rate"
        )
        self.samples_sent = self._counter(
            "samples_sent", "Samples handed to the transport, at each stream's rate"
        )
        self.cancelled = self._counter(
            "audio_cancelled_seconds", "Audio that was cancelled after it was made", "stage"
        )
        self.underruns = self._counter(
            "underruns", "Times a listener ran dry, as its reports or the clock tell"
        )
        self.stalls = self._counter("credit_stalls", "Times generation waited for credit")
        self.stall_time = self._counter(
            "credit_stall_seconds", "Time generation waited for credit, once it is over"
        )

    def _count_jobs(self) -> None:
        self.landings_refused = self._counter(
            "landings_refused", "Notes that were made once more, and were in the store already"
        )
        self.queue_depth = self._gauge("queue_depth", "Notes that wait", "priority")
        self.queue_running = self._gauge("queue_running", "Notes that are made, by any process")
        self.queue_audio = self._gauge(
            "queue_audio_seconds", "Audio that waits or is made, as estimated from its text"
        )
        self.queue_oldest = self._gauge("queue_oldest_seconds", "Age of the oldest that waits")
        self.jobs_dead = self._gauge("jobs_dead", "Notes that failed and are still kept")

    def _count_engine(self) -> None:
        self.step = self._histogram("step_seconds", "Time of a step with rows", _STEP_S)
        self.batch = self._histogram("batch_size", "Rows of a step", _ROWS)
        self.occupancy = self._gauge("batch_occupancy_ratio", "Rows of the last step over its room")
        self.sequences = self._gauge("sequences", "Sequences in the engine")
        self.heartbeat_age = self._gauge(
            "engine_heartbeat_age_seconds", "Since the engine's thread last turned"
        )
        self.loop_busy = self._gauge(
            "event_loop_busy_ratio", "CPU time of the event loop's thread over wall time"
        )
        self.loop_lag = self._histogram(
            "event_loop_lag_seconds", "How late the event loop keeps its appointments", _LAG_S
        )

    def render(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="voxline", registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, namespace="voxline", registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            name, text, labels, namespace="voxline", registry=self.registry, buckets=buckets
        )
