"""Jobs and their statuses as bytes: msgpack maps by the names of their fields."""

from dataclasses import fields
from typing import Any, TypeVar

import msgpack

from server.audio.formats import AudioFormat
from server.jobs.job import Job, JobError, JobState, JobStatus, LandedAudio, Priority

_T = TypeVar("_T", Job, JobStatus, JobError, LandedAudio)


def encode_job(job: Job) -> bytes:
    """Return a job as bytes."""
    return bytes(msgpack.packb(_map_of(job)))


def decode_job(data: bytes) -> Job:
    """Return the job that `data` is of."""
    found = msgpack.unpackb(data)
    found["format"] = AudioFormat(found["format"])
    found["priority"] = Priority(found["priority"])
    return _made(Job, found)


def encode_status(status: JobStatus) -> bytes:
    """Return a status as bytes: the same ones for equal statuses."""
    found = _map_of(status)
    found["error"] = status.error and _map_of(status.error)
    found["audio"] = status.audio and _map_of(status.audio)
    return bytes(msgpack.packb(found))


def decode_status(data: bytes) -> JobStatus:
    """Return the status that `data` is of."""
    found = msgpack.unpackb(data)
    found["state"] = JobState(found["state"])
    found["error"] = found["error"] and _made(JobError, found["error"])
    found["audio"] = found["audio"] and _made(LandedAudio, found["audio"])
    return _made(JobStatus, found)


def _map_of(value: Job | JobStatus | JobError | LandedAudio) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _made(kind: type[_T], found: dict[str, Any]) -> _T:
    """Make a value of the fields that are known here: a newer release may know more."""
    return kind(**{field.name: found[field.name] for field in fields(kind) if field.name in found})
