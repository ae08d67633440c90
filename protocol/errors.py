"""Everything the protocol raises on purpose.

ProtocolError
├── LocalProtocolError     this side tried to break the protocol: a bug to be mended here
├── RemoteProtocolError    the peer broke it: send `.error`, then close with `.close_code`
└── StreamFault            the peer broke one stream: send `.error`, the connection lives on
"""

from enum import IntEnum

from .codes import ErrorCode
from .messages import Error

__all__ = [
    "CloseCode",
    "ErrorCode",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "StreamFault",
]


class CloseCode(IntEnum):
    """The WebSocket close codes of this protocol."""

    #: Well-formed msgpack that may not be: no map, unknown type, no stream, `open` out of order.
    PROTOCOL_ERROR = 1002
    #: A text frame: every message is binary.
    UNSUPPORTED_DATA = 1003
    #: The bytes are no msgpack, or more deeply nested or with more items than a message may have.
    INVALID_DATA = 1007
    #: The server's policy forbids the connection to go on.
    POLICY = 1008
    #: The message is larger than `limits.max_message_bytes`.
    TOO_BIG = 1009
    #: The server is going away; connect again.
    DRAINING = 1012


class ProtocolError(Exception):
    """Base of all errors of the protocol."""


class LocalProtocolError(ProtocolError):
    """This side was about to send what the protocol forbids. Nothing was sent or changed."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol; the connection cannot go on."""

    def __init__(self, code: ErrorCode, message: str, close_code: int) -> None:
        """Say what was wrong (`code`, `message`) and how to close (`close_code`)."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.close_code = close_code

    @property
    def error(self) -> Error:
        """The last message to send before closing."""
        return Error(self.code, self.message, self.code.retryable)


class StreamFault(ProtocolError):
    """The peer broke one stream only; `type_name` is the `type` of the message that did."""

    def __init__(self, stream: int, code: ErrorCode, message: str, type_name: str) -> None:
        """Say which stream, what was wrong, and in which type of message."""
        super().__init__(message)
        self.stream = stream
        self.code = code
        self.message = message
        self.type_name = type_name

    @property
    def error(self) -> Error:
        """The message that ends the stream."""
        return Error(self.code, self.message, self.code.retryable, stream=self.stream)
