"""Every pair of state and message, tried on connections and held against a table made by hand."""

import pytest

from protocol import messages as m
from protocol.codec import encode
from protocol.codes import ErrorCode
from protocol.connection import Connection, Fault, Role
from protocol.errors import CloseCode, LocalProtocolError, RemoteProtocolError
from protocol.states import State
from tests.protocol import expected
from tests.protocol.pairs import (
    CLIENT_MESSAGES,
    OPENED,
    READY,
    SERVER_MESSAGES,
    ClientConnection,
    ServerConnection,
    client_in,
    server_in,
    state_of,
)

FROM_CLIENT = expected.cells(expected.FROM_CLIENT)
SERVER_SENDS = expected.cells(expected.SERVER_SENDS)
CLIENT_RECEIVES = expected.cells(expected.CLIENT_RECEIVES)
SERVER_PHASES = expected.cells(expected.SERVER_PHASES)
#: A client never knows that its server owes it an error.
CLIENT_SENDS = {pair: cell for pair, cell in FROM_CLIENT.items() if pair[0] != "failing"}
OF_THE_CONNECTION: dict[str, m.ServerMessage] = {
    "ready": READY,
    "error": m.Error(ErrorCode.INTERNAL, "", retryable=True),
    "pong": m.Pong(None),
    "draining": m.Draining(1.0),
    "opened": OPENED,
}


def triples(table: dict[tuple[str, str], str]) -> list[tuple[str, str, str]]:
    return [(state, name, cell) for (state, name), cell in table.items()]


def after(state: str, cell: str) -> State:
    """Return the state that a cell leads to."""
    return State(state if cell in ("as is", "ignored", "refused") else cell)


def test_the_tables_by_hand_have_every_pair() -> None:
    states = {state.value for state in State}
    assert set(FROM_CLIENT) == {(s, name) for s in states for name in CLIENT_MESSAGES}
    assert set(SERVER_SENDS) == {(s, name) for s in states for name in SERVER_MESSAGES}
    known = states - {"failing"}
    assert set(CLIENT_RECEIVES) == {(s, name) for s in known for name in SERVER_MESSAGES}


@pytest.mark.parametrize("state", State)
def test_the_paths_lead_where_they_say(state: State) -> None:
    assert state_of(server_in(state)) is state
    if state is not State.FAILING:
        assert state_of(client_in(state)) is state


@pytest.mark.parametrize(("state", "name", "cell"), triples(FROM_CLIENT))
def test_a_server_does_with_a_clients_message_what_is_specified(
    state: str, name: str, cell: str
) -> None:
    connection = server_in(State(state))
    data = encode(CLIENT_MESSAGES[name])
    if cell == "refused":
        with pytest.raises(RemoteProtocolError) as caught:
            connection.receive(data)
        assert caught.value.close_code == CloseCode.PROTOCOL_ERROR
    elif cell in ("unknown_stream", "bad_state"):
        assert_fault(connection, data, ErrorCode(cell))
        return
    else:
        assert connection.receive(data) == ([] if cell == "ignored" else [CLIENT_MESSAGES[name]])
    assert state_of(connection) is after(state, cell)


def assert_fault(connection: ServerConnection, data: bytes, code: ErrorCode) -> None:
    (fault,) = connection.receive(data)
    assert isinstance(fault, Fault)
    assert (fault.error.code, fault.error.stream) == (code, 1)
    assert state_of(connection) is State.FAILING
    connection.send(fault.error)
    unopened = code is ErrorCode.UNKNOWN_STREAM
    assert state_of(connection) is (State.NEW if unopened else State.ENDED)


@pytest.mark.parametrize(("state", "name", "cell"), triples(CLIENT_SENDS))
def test_a_client_sends_what_its_server_would_not_fault(state: str, name: str, cell: str) -> None:
    connection = client_in(State(state))
    if cell in ("refused", "unknown_stream", "bad_state"):
        with pytest.raises(LocalProtocolError):
            connection.send(CLIENT_MESSAGES[name])
        assert state_of(connection) is State(state)
    else:
        assert connection.send(CLIENT_MESSAGES[name]) == encode(CLIENT_MESSAGES[name])
        assert state_of(connection) is after(state, cell)


@pytest.mark.parametrize(("state", "name", "cell"), triples(SERVER_SENDS))
def test_a_server_sends_what_is_specified(state: str, name: str, cell: str) -> None:
    connection = server_in(State(state))
    if cell == "refused":
        with pytest.raises(LocalProtocolError):
            connection.send(SERVER_MESSAGES[name])
    else:
        assert connection.send(SERVER_MESSAGES[name]) == encode(SERVER_MESSAGES[name])
    assert state_of(connection) is after(state, cell)


@pytest.mark.parametrize(("state", "name", "cell"), triples(CLIENT_RECEIVES))
def test_a_client_accepts_what_is_specified(state: str, name: str, cell: str) -> None:
    connection = client_in(State(state))
    data = encode(SERVER_MESSAGES[name])
    if cell == "refused":
        with pytest.raises(RemoteProtocolError):
            connection.receive(data)
    else:
        assert connection.receive(data) == ([] if cell == "ignored" else [SERVER_MESSAGES[name]])
    assert state_of(connection) is after(state, cell)


@pytest.mark.parametrize(("reason", "early"), [("end", 0), ("length", 1), ("repetition", 1)])
def test_only_the_models_own_reasons_come_before_the_end_of_the_text(
    reason: m.DoneReason, early: bool
) -> None:
    done = m.Done(1, 0, reason)
    if early:
        server_in(State.OPEN).send(done)
    else:
        with pytest.raises(LocalProtocolError):
            server_in(State.OPEN).send(done)
    server_in(State.COMPLETE).send(done)


def in_phase(phase: str) -> tuple[ServerConnection, ClientConnection]:
    """Return both ends of a connection whose stream 1 was asked for, if it is ready."""
    server, client = Connection(Role.SERVER), Connection(Role.CLIENT)
    if phase != "starting":
        client.receive(server.send(READY))
        server.receive(client.send(m.Open(1)))
    if phase == "failed":
        client.receive(server.send(OF_THE_CONNECTION["error"]))
    return server, client


@pytest.mark.parametrize(("phase", "name", "cell"), triples(SERVER_PHASES))
def test_a_connection_says_what_its_phase_allows(phase: str, name: str, cell: str) -> None:
    (server, client), message = in_phase(phase), OF_THE_CONNECTION[name]
    if cell != "refused":
        assert client.receive(server.send(message)) == [message]
        assert (client.receive(encode(m.Pong(None))) == []) is (cell == "failed")
    else:
        with pytest.raises(LocalProtocolError):
            server.send(message)
        if phase == "failed":
            assert client.receive(encode(message)) == []
        else:
            with pytest.raises(RemoteProtocolError):
                client.receive(encode(message))


@pytest.mark.parametrize("state", State)
def test_an_ended_stream_leaves_nothing_behind(state: State) -> None:
    connection = server_in(state)
    if SERVER_SENDS[state.value, "error"] == "ended":
        connection.send(SERVER_MESSAGES["error"])
    assert not connection.streams
    assert not connection._streams._streams
