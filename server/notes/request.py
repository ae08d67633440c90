"""The body of `POST /v1/notes`, read strictly."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.request import Sampling
from protocol.codes import ErrorCode
from protocol.fields import lexicon
from server.audio.formats import AudioFormat
from server.bodies.fields import (
    REFERENCE,
    boolean,
    field,
    integer,
    number,
    read_fields,
    reference,
    string,
)
from server.bodies.json_object import ANY_NAME, Names
from server.errors import RequestError
from server.parameters import Parameters
from server.ssml.parts import Document, Part
from server.ssml.reader import read_ssml
from server.stream_events import StreamEvent


def _unheard(_: StreamEvent) -> None:
    """Send the file alone: nothing that is said beside it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How the file is sent."""

    media_type: str
    #: Puts the bytes of the file, as they come, into what the route speaks.
    frame: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
    #: Hears of each event of the stream before its bytes come, if any do.
    hear: Callable[[StreamEvent], None] = _unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequest:
    """What to say, how, in which format, and how it is sent."""

    #: As it was sent.
    text: str
    format: AudioFormat
    parameters: Parameters
    reply: Reply
    #: What `text` says where it is SSML; none where it is plain.
    parts: tuple[Part, ...] = ()
    #: In bits per second; `None` leaves it to the format.
    bit_rate: int | None = None
    #: The silence that a text without a sound is; without one it is an error.
    silence_s: float = 0.0


def as_it_is(audio_format: AudioFormat) -> Reply:
    """Send the file, and nothing around it."""
    return sent_as(audio_format.media_type)


def sent_as(media_type: str) -> Reply:
    """Send the file, and nothing around it, under another type than its own."""
    return Reply(media_type, _unframed)


def check_text(text: str | None, name: str, max_text_chars: int) -> str:
    """Return the text of the field `name`.

    Raises:
        RequestError: `bad_value` where there is nothing to speak, or `text_too_long`.
    """
    if text is None:
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} is missing")
    if len(text) > max_text_chars:
        raise RequestError(
            ErrorCode.TEXT_TOO_LONG,
            f"{name} has {len(text)} characters of {max_text_chars} allowed",
        )
    if not text.strip():
        raise RequestError(ErrorCode.BAD_VALUE, f"{name} has nothing to speak")
    return text


def parse_note(
    body: bytes | bytearray, max_text_chars: int, media_type: str = "application/json"
) -> NoteRequest:
    """Read a note.

    Raises:
        RequestError: `bad_message` (no object), `bad_value` (a field), `text_too_long`.
    """
    return note_of(read_fields(body, media_type, FIELDS), max_text_chars)


def note_of(fields: Mapping[str, Any], max_text_chars: int) -> NoteRequest:
    """Return the note that `fields` ask for; those that `FIELDS` does not name are passed over.

    Raises:
        RequestError: `bad_value` (a field), `text_too_long`.
    """
    audio_format = field(fields, "format", _audio_format) or AudioFormat.WAV
    plain, ssml = field(fields, "text", string), field(fields, "ssml", string)
    if plain is not None and ssml is not None:
        raise RequestError(ErrorCode.BAD_VALUE, "text and ssml exclude each other")
    name, text = ("text", plain) if ssml is None else ("ssml", ssml)
    text = check_text(text, name, max_text_chars)
    document = field(fields, "ssml", read_ssml) or Document(parts=())
    return NoteRequest(
        text=text,
        format=audio_format,
        parameters=_parameters(fields, document.language),
        reply=as_it_is(audio_format),
        parts=document.parts,
    )


def _parameters(fields: Mapping[str, Any], language: str | None) -> Parameters:
    recording = field(fields, "reference", reference)
    return Parameters(
        voice=field(fields, "voice", string),
        references=() if recording is None else (recording,),
        language=field(fields, "language", string) or language,
        sample_rate=field(fields, "sample_rate", integer),
        speed=field(fields, "speed", number),
        pitch=field(fields, "pitch", number),
        volume_db=field(fields, "volume_db", number),
        normalize=field(fields, "normalize", boolean),
        lexicon=field(fields, "lexicon", lexicon),
        sampling=Sampling(
            seed=field(fields, "seed", integer),
            temperature=field(fields, "temperature", number),
            top_p=field(fields, "top_p", number),
            repetition_penalty=field(fields, "repetition_penalty", number),
        ),
    )


def _unframed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    return chunks


_PLAIN = (
    "text", "ssml", "format", "voice", "language", "sample_rate", "speed", "pitch", "volume_db",
    "normalize", "seed", "temperature", "top_p", "repetition_penalty",
)  # fmt: skip
FIELDS: Names = {**dict.fromkeys(_PLAIN), "reference": REFERENCE, "lexicon": ANY_NAME}


def _audio_format(value: object) -> AudioFormat:
    try:
        return AudioFormat(string(value))
    except ValueError:
        names = ", ".join(member.value for member in AudioFormat)
        raise ValueError(f"must be one of {names}") from None
