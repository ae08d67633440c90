"""Where things are in Redis. Everything of a queue has its name in front."""

from dataclasses import dataclass

from server.jobs.job import JobState

#: Of a queue that nobody has named.
NAME = "notes"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the queue `name`."""

    name: str

    def record(self, job_id: str) -> str:
        """Return the hash of a job: `digest`, `job`, `status`, `number`, `round`."""
        return f"{self._prefix}job:{job_id}"

    def state(self, state: JobState) -> str:
        """Return the sorted set of the jobs in a state, by their numbers."""
        return f"{self._prefix}state:{state.value}"

    @property
    def all(self) -> str:
        """Return the sorted set of all jobs, by their numbers."""
        return f"{self._prefix}all"

    @property
    def ended(self) -> str:
        """Return the sorted set of the jobs that have ended, by when."""
        return f"{self._prefix}ended"

    @property
    def notices(self) -> str:
        """Return the sorted set of the jobs whose webhook has to be called, by when."""
        return f"{self._prefix}notices"

    @property
    def expiring(self) -> str:
        """Return the sorted set of the jobs that were never begun, by when they expire."""
        return f"{self._prefix}expiring"

    @property
    def number(self) -> str:
        """Return the number of the job that was accepted last."""
        return f"{self._prefix}number"

    @property
    def counts(self) -> str:
        """Return the hash of what is counted: queued jobs by priority, `audio_ms`, `drained_ms`."""
        return f"{self._prefix}counts"

    def audio(self, job_id: str, take: int) -> str:
        """Return the stream of a take's audio."""
        return f"{self._prefix}audio:{job_id}:{take}"

    @property
    def _prefix(self) -> str:
        return f"voxline:{self.name}:"
