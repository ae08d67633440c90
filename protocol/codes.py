"""The codes of `error`: what went wrong, and whether trying again can help."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Every code that `error` may carry."""

    #: The bytes are no message of this protocol. The connection closes; a retry fails alike.
    BAD_MESSAGE = "bad_message"
    #: A field is missing, mistyped or out of range. A retry fails alike.
    BAD_VALUE = "bad_value"
    #: The message may not come now, as text after `end`. A retry fails alike.
    BAD_STATE = "bad_state"
    #: The stream was never opened. A retry helps only after an `open`.
    UNKNOWN_STREAM = "unknown_stream"
    #: No such voice, or none that speaks the language. A retry fails alike.
    UNKNOWN_VOICE = "unknown_voice"
    #: The model cannot do what was asked. A retry fails alike.
    UNSUPPORTED = "unsupported"
    #: The stream's text is longer than `limits.max_text_chars`. Split it over streams.
    TEXT_TOO_LONG = "text_too_long"
    #: `limits.max_streams` are open. A retry helps once one of them has ended.
    TOO_MANY_STREAMS = "too_many_streams"
    #: No room to keep the stream in real time. A retry helps after `retry_after_s`.
    OVERLOADED = "overloaded"
    #: The server is going away. A retry on a new connection helps.
    DRAINING = "draining"
    #: No credit came for `limits.stall_s`. A retry helps if the receiver reads.
    STALLED = "stalled"
    #: A stream had nothing to speak, or a connection nothing to say, for too long. A retry helps.
    IDLE = "idle"
    #: The stream lived longer than `limits.max_stream_s`. Go on with a new stream.
    TIME_LIMIT = "time_limit"
    #: The caller may not do this. A retry with the same key fails alike.
    UNAUTHORIZED = "unauthorized"
    #: What may be used is used up. A retry helps after `retry_after_s`, or once there is room.
    QUOTA = "quota"
    #: The engine died and took every open stream with it. A retry elsewhere helps.
    ENGINE_FAILED = "engine_failed"
    #: A fault of the server's own. A retry may help.
    INTERNAL = "internal"

    @property
    def retryable(self) -> bool:
        """Tell whether the very same request may succeed later, or on another server."""
        return self in _RETRYABLE


_RETRYABLE = frozenset(
    {
        ErrorCode.TOO_MANY_STREAMS,
        ErrorCode.OVERLOADED,
        ErrorCode.DRAINING,
        ErrorCode.STALLED,
        ErrorCode.IDLE,
        ErrorCode.QUOTA,
        ErrorCode.ENGINE_FAILED,
        ErrorCode.INTERNAL,
    }
)
