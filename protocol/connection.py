"""A connection without its I/O: bytes in, messages to act on out, and the other way round."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, NoReturn, TypeAlias, TypeVar, cast, overload

from .codec import MAX_MESSAGE_BYTES, decode_client, decode_server, encode
from .codes import ErrorCode
from .credit import CreditWindow
from .errors import CloseCode, LocalProtocolError, RemoteProtocolError, StreamFault
from .messages import Bye, ClientMessage, Error, Limits, Ready, ServerMessage
from .schema import CLIENT_SCHEMAS, SERVER_SCHEMAS, TYPE_NAMES
from .states import (
    CLIENT_RECEIVES,
    PHASE_TABLE,
    PHASE_TYPES,
    SERVER_TABLE,
    Phase,
    Ruling,
    State,
    Table,
)
from .stream_table import StreamTable, Verdict


class Role(StrEnum):
    """Which end of the connection this is."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Fault:
    """A client broke one stream: send `error`, and end the stream in the engine if it was open."""

    error: Error


#: What a server acts on.
ServerEvent: TypeAlias = ClientMessage | Fault
_In = TypeVar("_In")
_Out = TypeVar("_Out", bound=ClientMessage | ServerMessage)


class Connection(Generic[_In, _Out]):
    """One end of a connection. Memory is bounded by the streams that are open.

    A server's connection receives client messages and faults, and sends server messages; a
    client's does the reverse, and takes its limits from `ready`.
    """

    @overload
    def __init__(
        self: "Connection[ServerEvent, ServerMessage]",
        role: Literal[Role.SERVER],
        limits: Limits = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: "Connection[ServerMessage, ClientMessage]",
        role: Literal[Role.CLIENT],
        limits: Limits = ...,
    ) -> None: ...

    def __init__(self, role: Role, limits: Limits = Limits()) -> None:  # noqa: B008, frozen
        self.role = role
        self._streams = StreamTable(limits)
        self._phase = Phase.STARTING
        self._left = False

    @property
    def limits(self) -> Limits:
        """What the server allows; a client knows it once `ready` has come."""
        return self._streams.limits

    @property
    def streams(self) -> frozenset[int]:
        """The ids of the streams that were opened and have not ended."""
        return self._streams.open

    def credit(self, stream: int) -> CreditWindow | None:
        """Return the window of an open stream, or `None` before its `opened`.

        Raises:
            KeyError: the stream is not open.
        """
        return self._streams[stream].window

    @property
    def _max_send_bytes(self) -> int:
        # Limits are for clients, who could not bound their buffers by what `ready` is still to say.
        limits = self.limits.max_message_bytes
        return limits if self.role is Role.CLIENT else MAX_MESSAGE_BYTES

    def receive(self, data: bytes) -> list[_In]:
        """Take one binary message; return what to act on: nothing where it came too late.

        Raises:
            RemoteProtocolError: the peer broke the connection: send `.error` (as a server), then
                close with `.close_code`.
        """
        if self._phase is Phase.FAILED:
            return []
        if self.role is Role.SERVER:
            return cast("list[_In]", self._receive_client(data))
        return cast("list[_In]", self._receive_server(data))

    def receive_text_frame(self) -> NoReturn:
        """Refuse a text frame.

        Raises:
            RemoteProtocolError: always.
        """
        message = "every message is a binary frame"
        raise RemoteProtocolError(ErrorCode.BAD_MESSAGE, message, CloseCode.UNSUPPORTED_DATA)

    def send(self, message: _Out) -> bytes:
        """Return the bytes of `message`, and count it as sent.

        Raises:
            LocalProtocolError: the message may not be sent now; nothing has changed.
        """
        schemas = SERVER_SCHEMAS if self.role is Role.SERVER else CLIENT_SCHEMAS
        name = TYPE_NAMES[type(message)]
        if name not in schemas:
            raise LocalProtocolError(f"a {self.role.value} does not send {name}")
        data = encode(message)
        if len(data) > self._max_send_bytes:
            raise LocalProtocolError(f"{name} is {len(data)} bytes long")
        if self.role is Role.SERVER:
            self._send_server(cast("ServerMessage", message))
        else:
            self._send_client(cast("ClientMessage", message))
        return data

    def _send_client(self, message: ClientMessage) -> None:
        if self._left or self._phase is Phase.FAILED:
            raise LocalProtocolError("nothing follows bye, or an error of the connection")
        verdict = self._judge_client(message)
        if isinstance(verdict.outcome, ErrorCode) or verdict.outcome is Ruling.BREAK:
            raise LocalProtocolError(verdict.reason)
        self._apply_client(message, verdict)

    def _send_server(self, message: ServerMessage) -> None:
        verdict = self._judge_server(message, SERVER_TABLE)
        if verdict.outcome is None:
            raise LocalProtocolError(verdict.reason)
        self._apply_server(message, verdict)

    def _receive_server(self, data: bytes) -> list[ServerMessage]:
        message = decode_server(data)
        verdict = self._judge_server(message, CLIENT_RECEIVES)
        if verdict.outcome is None:
            _break(verdict.reason)
        self._apply_server(message, verdict)
        return [] if verdict.outcome is Ruling.IGNORE else [message]

    def _receive_client(self, data: bytes) -> list[ServerEvent]:
        if self._left:
            return []
        message: ClientMessage | StreamFault
        try:
            message = decode_client(data, self.limits.max_message_bytes)
        except StreamFault as fault:
            message = fault
        verdict = self._judge_client(message)
        if isinstance(verdict.outcome, ErrorCode):
            return [self._fault(message, verdict.outcome, verdict.reason)]
        if verdict.outcome is Ruling.BREAK:
            _break(verdict.reason)
        if verdict.outcome is Ruling.IGNORE or isinstance(message, StreamFault):
            return []
        self._apply_client(message, verdict)
        return [message]

    def _fault(self, message: ClientMessage | StreamFault, code: ErrorCode, reason: str) -> Fault:
        number = cast("int", _stream_of(message))
        self._streams.fail(number, message)
        return Fault(Error(code, reason, code.retryable, stream=number))

    def _judge_client(self, message: ClientMessage | StreamFault) -> Verdict:
        number = _stream_of(message)
        if number is None:
            return Verdict(Ruling.PROCEED)
        return self._streams.judge_client(number, message)

    def _apply_client(self, message: ClientMessage, verdict: Verdict) -> None:
        number = _stream_of(message)
        self._left = self._left or isinstance(message, Bye)
        if number is not None and isinstance(verdict.outcome, State):
            self._streams.apply_client(number, message, verdict.outcome)

    def _judge_server(self, message: ServerMessage, table: Table) -> Verdict:
        number = _stream_of(message)
        if number is not None and self._phase is Phase.READY:
            return self._streams.judge_server(number, message, table)
        name = TYPE_NAMES[type(message)]
        moves = number is None and name in PHASE_TYPES
        if (self._phase, name) not in PHASE_TABLE if moves else self._phase is not Phase.READY:
            return Verdict(None, f"{name} on a connection that is {self._phase.value}")
        return Verdict(Ruling.PROCEED)

    def _apply_server(self, message: ServerMessage, verdict: Verdict) -> None:
        number = _stream_of(message)
        if number is not None:
            self._streams.apply_server(number, message, verdict.outcome)
            return
        key = (self._phase, TYPE_NAMES[type(message)])
        self._phase = PHASE_TABLE.get(key, self._phase)
        if isinstance(message, Ready):
            self._streams.limits = message.limits


def _stream_of(message: ClientMessage | ServerMessage | StreamFault) -> int | None:
    return getattr(message, "stream", None)


def _break(reason: str) -> NoReturn:
    raise RemoteProtocolError(ErrorCode.BAD_STATE, reason, CloseCode.PROTOCOL_ERROR)
