"""What clients are shown of a job."""

from datetime import UTC, datetime
from typing import Any

from server.jobs.job import JobRecord, JobState

PATH = "/v1/notes"


def path_of(job_id: str) -> str:
    """Return where a job is found."""
    return f"{PATH}/{job_id}"


def view(record: JobRecord) -> dict[str, Any]:
    """Return a job as JSON."""
    job, status = record.job, record.status
    is_stored = status.state is JobState.STORED
    return {
        "id": job.id,
        "state": status.state.value,
        "priority": job.priority.value,
        "format": job.format.value,
        "characters": {
            "total": job.num_chars,
            "spoken": job.num_chars if is_stored else status.spoken_chars,
        },
        "audio_s": {"estimated": round(job.audio_s, 3), "made": round(status.made_s, 3)},
        "attempts": status.attempts,
        "error": _error(record),
        "audio": f"{path_of(job.id)}/audio",
        "bytes": None if status.audio is None else status.audio.num_bytes,
        "accepted_at": _iso(job.accepted_at),
        "expires_at": _iso(job.expires_at),
        "begun_at": _iso(status.begun_at),
        "ended_at": _iso(status.ended_at),
        "webhook": _webhook(record),
    }


def _error(record: JobRecord) -> dict[str, str] | None:
    error = record.status.error
    return None if error is None else {"code": error.code, "message": error.message}


def _webhook(record: JobRecord) -> dict[str, Any] | None:
    """Say how often the webhook was called and when it is next; its address may be a secret."""
    if record.job.webhook is None:
        return None
    status = record.status
    return {"calls": status.notices, "next_call_at": _iso(status.notice_at)}


def _iso(time: float | None) -> str | None:
    if time is None:
        return None
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
