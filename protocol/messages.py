"""The messages of `voxline.v1`, fields in wire order; a field that is `None` is left off the wire.

Sample counts start at 0 and count at `opened.sample_rate`, whatever the encoding; audio is mono.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .codes import ErrorCode
from .encodings import EncodingName

#: The name of this protocol in `Sec-WebSocket-Protocol`.
SUBPROTOCOL = "voxline.v1"

#: `call`: somebody listens while it is made. `note`: it becomes a file.
ServiceClassName: TypeAlias = Literal["call", "note"]
#: What a mark marks.
MarkUnit: TypeAlias = Literal["segment", "word"]
#: `end`: all text was spoken. `length`, `repetition`: the model had to stop early.
DoneReason: TypeAlias = Literal["end", "length", "repetition"]
#: What a client names a `flush` or a `ping` by; it comes back unchanged.
MessageId: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording (an audio file's bytes) and what is said in it, to speak in its voice."""

    audio: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a stream. `credit` is the first grant in samples, by default 2 s of them."""

    stream: int
    voice: str | None = None
    reference: Reference | None = None
    language: str | None = None
    sample_rate: int | None = None
    encoding: EncodingName = "pcm16"
    speed: float | None = None
    pitch: float | None = None
    volume_db: float | None = None
    normalize: bool | None = None
    #: Words, and what is said instead of each.
    lexicon: Mapping[str, str] | None = None
    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None
    credit: int | None = None
    #: `class` on the wire.
    service_class: ServiceClassName = "call"


@dataclass(frozen=True, slots=True)
class Text:
    """Text to speak, appended verbatim to what came before."""

    stream: int
    text: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Speak what is buffered now; answered by `Flushed` with the same id."""

    stream: int
    id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class End:
    """No more text will come."""

    stream: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Fall silent. `played` is how many samples the listener has heard."""

    stream: int
    played: int | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """Allow samples below `upto` to be sent: an absolute count, never a difference."""

    stream: int
    upto: int
    played: int | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a `Pong`."""

    id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Bye:
    """The client is about to close."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows on a connection; the suffixes are the units."""

    max_message_bytes: int = 1 << 20
    max_text_chars: int = 20_000
    max_streams: int = 32
    min_sample_rate: int = 8000
    max_sample_rate: int = 48000
    default_credit_s: float = 2.0
    stall_s: float = 30.0
    idle_connection_s: float = 600.0
    idle_stream_s: float = 300.0
    max_stream_s: float = 3600.0
    ping_interval_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Ready:
    """The first message of a connection. `sample_rate` is the model's own, in hertz."""

    session: str
    model: str
    sample_rate: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is accepted; its samples come at `sample_rate` hertz."""

    stream: int
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Audio:
    """PCM in the encoding that was asked for; `at` is the index of its first sample."""

    stream: int
    at: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start:end` of all text of the stream are spoken from sample `at` on."""

    stream: int
    at: int
    start: int
    end: int
    unit: MarkUnit


@dataclass(frozen=True, slots=True)
class Flushed:
    """All audio of the flushed text was sent; `at` is the index of the sample to come."""

    stream: int
    id: MessageId | None
    at: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """Generation waits for credit, with `at` samples sent."""

    stream: int
    at: int


@dataclass(frozen=True, slots=True)
class Done:
    """The stream is complete: `samples` were sent."""

    stream: int
    samples: int
    reason: DoneReason


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The stream is cancelled: `samples` were sent, `heard` characters were played."""

    stream: int
    samples: int
    heard: int | None = None


@dataclass(frozen=True, slots=True)
class Error:
    """The stream has failed, or with no `stream`, the connection."""

    code: ErrorCode
    message: str
    retryable: bool
    stream: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to `Ping`."""

    id: MessageId | None


@dataclass(frozen=True, slots=True)
class Draining:
    """The server goes away: open streams have `deadline_s` seconds to end."""

    deadline_s: float


StreamMessage: TypeAlias = Open | Text | Flush | End | Cancel | Credit
ClientMessage: TypeAlias = StreamMessage | Ping | Bye
ServerMessage: TypeAlias = (
    Ready | Opened | Audio | Mark | Flushed | Blocked | Done | Cancelled | Error | Pong | Draining
)
