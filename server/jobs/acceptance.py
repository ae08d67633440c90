"""From a request to the job it becomes: checked as if it were spoken now, and fixed."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgpack

from protocol.codes import ErrorCode
from protocol.fields import MAX_SEED
from server.bodies.fields import field, number, read_fields, string
from server.bodies.json_object import Names
from server.errors import RequestError
from server.jobs.desk import Desk
from server.jobs.job import Job, Priority
from server.notes.request import FIELDS, NoteRequest, note_of
from server.notes.streaming import speech_of
from server.service import Service

MSGPACK = "application/msgpack"
#: English is heard at about 15 characters a second.
CHARS_PER_S = 15.0
_ID_BYTES = 16
#: The fields that say how it is kept and told of, and not what is spoken.
_KEEPING: Names = dict.fromkeys(("priority", "expires_s", "webhook"))
_JOB_FIELDS: Names = {**FIELDS, **_KEEPING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a job, as it came."""

    fields: Mapping[str, Any]
    note: NoteRequest
    priority: Priority
    expires_s: float
    webhook: str | None


class Acceptance:
    """Turns requests into jobs."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self._service = service
        self._limits = desk.limits
        self._clock = desk.clock

    def read(self, body: bytes | bytearray, media_type: str = "application/json") -> Asked:
        """Read a request, and refuse what could never be spoken.

        Raises:
            RequestError: as `POST /v1/notes` raises.
        """
        fields = read_fields(body, media_type, _JOB_FIELDS)
        asked = Asked(
            fields=fields,
            note=note_of(fields, self._limits.max_chars),
            priority=field(fields, "priority", _priority) or Priority.NORMAL,
            expires_s=field(fields, "expires_s", self._expiry) or self._limits.expiry_s,
            webhook=field(fields, "webhook", string),
        )
        if asked.note.parameters.reference is not None:
            # It would be kept as often as there are notes that name it.
            raise RequestError(
                ErrorCode.UNSUPPORTED,
                "a job takes no reference: store the voice by POST /v1/voices, and name it",
            )
        return asked

    async def check(self, asked: Asked) -> None:
        """Refuse what this server cannot speak.

        Raises:
            RequestError: as `POST /v1/notes` raises.
        """
        info = self._service.engine.info
        speech = speech_of(asked.note, info, self._service.limits)
        if speech.to_clone is not None:
            await self._service.voices.find(speech.to_clone, info)

    def job(self, asked: Asked, key: str | None) -> Job:
        """Return the job of a request: with the same key, the very same one."""
        job_id = secrets.token_hex(_ID_BYTES) if key is None else _hash(key.encode())[:32]
        now = self._clock()
        return Job(
            id=job_id,
            digest=_hash(_packed(asked.fields)),
            body=_packed({**_spoken(asked.fields), "seed": _seed(asked, job_id)}),
            format=asked.note.format,
            priority=asked.priority,
            num_chars=len(asked.note.text),
            audio_s=len(asked.note.text) / CHARS_PER_S / (asked.note.parameters.speed or 1.0),
            accepted_at=now,
            expires_at=now + asked.expires_s,
            webhook=asked.webhook,
        )

    def _expiry(self, value: object) -> float:
        seconds = number(value)
        if not 0 < seconds <= self._limits.expiry_s:
            raise ValueError(f"must be more than 0, and up to {self._limits.expiry_s:g}")
        return seconds


def note_in(job: Job, max_chars: int) -> NoteRequest:
    """Return the note that was accepted.

    Raises:
        RequestError: it was accepted by another version, and means nothing to this one.
    """
    return note_of(read_fields(job.body, MSGPACK, FIELDS), max_chars)


def _spoken(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in FIELDS and value is not None}


def _seed(asked: Asked, job_id: str) -> int:
    """Return a seed that a later take has, too."""
    given = asked.note.parameters.sampling.seed
    return int(job_id, 16) % (MAX_SEED + 1) if given is None else given


def _packed(fields: Mapping[str, Any]) -> bytes:
    packed: bytes = msgpack.packb(dict(sorted(fields.items())))
    return packed


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _priority(value: object) -> Priority:
    try:
        return Priority(string(value))
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Priority)}") from None
