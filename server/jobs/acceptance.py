"""From a request to the job it becomes: checked as if it were spoken now, and fixed."""

import hashlib
import re
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
from server.jobs.webhooks.address import check_url
from server.notes.passages import passages_of
from server.notes.request import FIELDS, NoteRequest, note_of
from server.notes.speech import speech_of
from server.places import CHARS_PER_S
from server.service import Service

#: Beside the fields of a note, those that say how it is kept and told of.
JOB_FIELDS: Names = {**FIELDS, **dict.fromkeys(("priority", "expires_s", "webhook"))}
_MSGPACK = "application/msgpack"
_ID_CHARS = 32
#: As much as identifies anything; longer ones are mistakes.
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A job that can be spoken, if there is the stored voice `voice`, where it has one."""

    job: Job
    voice: str | None


class Acceptance:
    """Turns requests into jobs, in a worker thread: SSML takes its time."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self._service = service
        self._limits = desk.limits
        self._clock = desk.clock

    def accept(self, fields: Mapping[str, Any], key: str | None) -> Accepted:
        """Return the job that `fields` ask for: with the same key, the very same one.

        Raises:
            RequestError: as `POST /v1/notes` raises, or `bad_value` of what `JOB_FIELDS` adds.
        """
        note = note_of(fields, self._limits.max_chars)
        if note.parameters.references:
            # It would be kept as often as there are notes that name it.
            raise RequestError(
                ErrorCode.UNSUPPORTED,
                "a job takes no reference: store the voice by POST /v1/voices, and name it",
            )
        model, limits = self._service.engine.info, self._service.limits
        speech = speech_of(note, model, limits)
        passages_of(note, model, limits)
        # No recordings came with it, so that this can only be the name of one.
        names = [each for each in speech.to_clone if isinstance(each, str)]
        return Accepted(job=self._job(fields, note, key), voice=names[0] if names else None)

    async def check_voice(self, voice: str | None) -> None:
        """Pass a stored voice that is there.

        Raises:
            RequestError: `unknown_voice` or `unsupported`, or `internal` by the store.
        """
        if voice is not None:
            await self._service.voices.find(voice, self._service.engine.info)

    def _job(self, fields: Mapping[str, Any], note: NoteRequest, key: str | None) -> Job:
        job_id = id_of(key)
        now = self._clock()
        expires_s = field(fields, "expires_s", self._expiry) or self._limits.expiry_s
        plain = _plain(fields)
        spoken = {name: value for name, value in plain.items() if name in FIELDS}
        return Job(
            id=job_id,
            digest=hashlib.sha256(_packed(plain)).hexdigest(),
            body=_packed({**spoken, "seed": _seed(note, job_id)}),
            format=note.format,
            priority=field(fields, "priority", _priority) or Priority.NORMAL,
            num_chars=len(note.text),
            audio_s=self._audio_s(note),
            accepted_at=now,
            expires_at=now + expires_s,
            webhook=field(fields, "webhook", self._webhook),
        )

    def _audio_s(self, note: NoteRequest) -> float:
        audio_s = len(note.text) / CHARS_PER_S / (note.parameters.speed or 1.0)
        if audio_s > self._limits.max_queued_s:
            raise RequestError(
                ErrorCode.TEXT_TOO_LONG,
                f"its audio would be longer than the {self._limits.max_queued_s:g} s that may wait",
            )
        return audio_s

    def _webhook(self, value: object) -> str:
        return check_url(string(value), allows_private=self._limits.allows_private)

    def _expiry(self, value: object) -> float:
        seconds = number(value)
        if not 0 < seconds <= self._limits.expiry_s:
            raise ValueError(f"must be more than 0, and up to {self._limits.expiry_s:g}")
        return seconds


def note_in(job: Job) -> NoteRequest:
    """Return the note that was accepted, by whichever limit.

    Raises:
        RequestError: another version has accepted it, and it means nothing to this one.
    """
    return note_of(read_fields(job.body, _MSGPACK, FIELDS), job.num_chars)


def id_of(key: str | None) -> str:
    """Return an id that nobody guesses, or the one of a key.

    Raises:
        RequestError: `bad_value`.
    """
    if key is None:
        return secrets.token_hex(_ID_CHARS // 2)
    if not _KEY.fullmatch(key):
        raise RequestError(ErrorCode.BAD_VALUE, "a key has 1 to 255 printable characters of ASCII")
    return hashlib.sha256(key.encode()).hexdigest()[:_ID_CHARS]


def _seed(note: NoteRequest, job_id: str) -> int:
    """Return the seed of every take."""
    given = note.parameters.sampling.seed
    return int(job_id, 16) % (MAX_SEED + 1) if given is None else given


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same request, written in one way: in order, and without what says nothing."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in sorted(fields.items())
        if value is not None
    }


def _packed(fields: Mapping[str, Any]) -> bytes:
    try:
        packed: bytes = msgpack.packb(fields)
    except UnicodeEncodeError as error:
        # They can be written in JSON, and in nothing else.
        raise RequestError(ErrorCode.BAD_VALUE, "a field has halves of surrogate pairs") from error
    return packed


def _priority(value: object) -> Priority:
    try:
        return Priority(string(value))
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Priority)}") from None
