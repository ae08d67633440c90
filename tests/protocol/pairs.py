"""Connections brought into every state of stream 1, and a message of every type for it."""

from protocol import messages as m
from protocol.codec import encode
from protocol.codes import ErrorCode
from protocol.connection import Connection, Role, ServerEvent
from protocol.states import State

ServerConnection = Connection[ServerEvent, m.ServerMessage]
ClientConnection = Connection[m.ServerMessage, m.ClientMessage]

READY = m.Ready("s1", "tone", 44_100, m.Limits())
ERROR = m.Error(ErrorCode.INTERNAL, "", retryable=True, stream=1)
OPENED = m.Opened(1, 44_100)

CLIENT_MESSAGES: dict[str, m.ClientMessage] = {
    "open": m.Open(1),
    "text": m.Text(1, "a"),
    "flush": m.Flush(1),
    "end": m.End(1),
    "cancel": m.Cancel(1),
    "credit": m.Credit(1, 100_000),
}
SERVER_MESSAGES: dict[str, m.ServerMessage] = {
    "opened": OPENED,
    "audio": m.Audio(1, 0, b"ab"),
    "mark": m.Mark(1, 0, 0, 1, "word"),
    "flushed": m.Flushed(1, None, 0),
    "blocked": m.Blocked(1, 0),
    "done": m.Done(1, 0, "length"),
    "cancelled": m.Cancelled(1, 0),
    "error": ERROR,
}
#: The messages of both sides that lead from `NEW` to a state. `FAILING` is the server's alone.
PATHS: dict[State, tuple[m.ClientMessage | m.ServerMessage, ...]] = {
    State.NEW: (),
    State.OPENING: (m.Open(1),),
    State.OPENING_COMPLETE: (m.Open(1), m.End(1)),
    State.OPEN: (m.Open(1), OPENED),
    State.COMPLETE: (m.Open(1), OPENED, m.End(1)),
    State.CANCELLING: (m.Open(1), OPENED, m.Cancel(1)),
    State.FAILING: (m.Open(1), OPENED, m.End(1), m.Text(1, "late")),
    State.ENDED: (m.Open(1), OPENED, ERROR),
}


def server_in(state: State) -> ServerConnection:
    """Return a server's connection whose stream 1 is in `state`."""
    connection = Connection(Role.SERVER)
    connection.send(READY)
    for message in PATHS[state]:
        if type(message) in map(type, CLIENT_MESSAGES.values()):
            connection.receive(encode(message))
        else:
            connection.send(message)  # type: ignore[arg-type]  # told apart just above
    return connection


def client_in(state: State) -> ClientConnection:
    """Return a client's connection whose stream 1 is in `state`."""
    connection = Connection(Role.CLIENT)
    connection.receive(encode(READY))
    for message in PATHS[state]:
        if type(message) in map(type, SERVER_MESSAGES.values()):
            connection.receive(encode(message))
        else:
            connection.send(message)  # type: ignore[arg-type]  # told apart just above
    return connection


def state_of(connection: ServerConnection | ClientConnection) -> State:
    """Return the state of stream 1."""
    return connection._streams.state(1)
