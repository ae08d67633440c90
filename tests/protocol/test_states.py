import itertools

import pytest

from protocol.codec import encode
from protocol.codes import ErrorCode
from protocol.connection import Fault
from protocol.errors import CloseCode, LocalProtocolError, RemoteProtocolError
from protocol.states import (
    CLIENT_RECEIVES,
    CLIENT_TABLE,
    CLIENT_TYPES,
    SERVER_TABLE,
    SERVER_TYPES,
    Ruling,
    State,
)
from tests.protocol.pairs import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    client_in,
    server_in,
    state_of,
)

CLIENT_PAIRS = list(itertools.product(State, CLIENT_TYPES))
SERVER_PAIRS = list(itertools.product(State, SERVER_TYPES))
#: A client never knows that its server owes it an error.
CLIENT_STATES = [state for state in State if state is not State.FAILING]


@pytest.mark.parametrize("state", State)
def test_the_paths_lead_where_they_say(state: State) -> None:
    assert state_of(server_in(state)) is state
    if state is not State.FAILING:
        assert state_of(client_in(state)) is state


@pytest.mark.parametrize(("state", "name"), CLIENT_PAIRS)
def test_a_server_acts_on_a_clients_message_as_the_table_says(state: State, name: str) -> None:
    outcome = CLIENT_TABLE[state, name]
    connection = server_in(state)
    data = encode(CLIENT_MESSAGES[name])
    if outcome is Ruling.BREAK:
        with pytest.raises(RemoteProtocolError) as caught:
            connection.receive(data)
        assert caught.value.close_code == CloseCode.PROTOCOL_ERROR
        assert state_of(connection) is state
        return
    events = connection.receive(data)
    if isinstance(outcome, ErrorCode):
        (fault,) = events
        assert isinstance(fault, Fault)
        assert (fault.error.code, fault.error.stream) == (outcome, 1)
        connection.send(fault.error)
        assert state_of(connection) in (State.NEW, State.ENDED)
    else:
        assert events == ([] if outcome is Ruling.IGNORE else [CLIENT_MESSAGES[name]])
        assert state_of(connection) is (state if outcome is Ruling.IGNORE else outcome)


@pytest.mark.parametrize(("state", "name"), list(itertools.product(CLIENT_STATES, CLIENT_TYPES)))
def test_a_client_sends_what_its_server_would_not_fault(state: State, name: str) -> None:
    outcome = CLIENT_TABLE[state, name]
    connection = client_in(state)
    if isinstance(outcome, ErrorCode) or outcome is Ruling.BREAK:
        with pytest.raises(LocalProtocolError):
            connection.send(CLIENT_MESSAGES[name])
        assert state_of(connection) is state
    else:
        assert connection.send(CLIENT_MESSAGES[name]) == encode(CLIENT_MESSAGES[name])
        assert state_of(connection) is (state if outcome is Ruling.IGNORE else outcome)


@pytest.mark.parametrize(("state", "name"), SERVER_PAIRS)
def test_a_server_sends_only_what_the_table_holds(state: State, name: str) -> None:
    outcome = SERVER_TABLE.get((state, name))
    connection = server_in(state)
    if outcome is None:
        with pytest.raises(LocalProtocolError):
            connection.send(SERVER_MESSAGES[name])
        assert state_of(connection) is state
    else:
        assert connection.send(SERVER_MESSAGES[name]) == encode(SERVER_MESSAGES[name])
        assert state_of(connection) is outcome


@pytest.mark.parametrize(("state", "name"), list(itertools.product(CLIENT_STATES, SERVER_TYPES)))
def test_a_client_accepts_only_what_the_table_holds(state: State, name: str) -> None:
    outcome = CLIENT_RECEIVES.get((state, name))
    connection = client_in(state)
    data = encode(SERVER_MESSAGES[name])
    if outcome is None:
        with pytest.raises(RemoteProtocolError):
            connection.receive(data)
        assert state_of(connection) is state
    elif outcome is Ruling.IGNORE:
        assert connection.receive(data) == []
        assert state_of(connection) is state
    else:
        assert connection.receive(data) == [SERVER_MESSAGES[name]]
        assert state_of(connection) is outcome


@pytest.mark.parametrize("state", State)
def test_an_ended_stream_leaves_nothing_behind(state: State) -> None:
    connection = server_in(state)
    if (state, "error") in SERVER_TABLE:
        connection.send(SERVER_MESSAGES["error"])
    assert not connection.streams
    assert not connection._streams._streams
