"""Whatever the encoding, both ends count samples, and G.711 has one rate."""

import pytest

from protocol import messages as m
from protocol.codec import encode
from protocol.codes import ErrorCode
from protocol.connection import Connection, Fault, Role
from protocol.encodings import BYTES_PER_SAMPLE, G711_RATE_HZ, EncodingName
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.states import State
from tests.protocol.pairs import ClientConnection, ServerConnection, client_in, server_in

CREDIT = 100
FIFTH_OF_A_SECOND = G711_RATE_HZ // 5

every_encoding = pytest.mark.parametrize("encoding", BYTES_PER_SAMPLE)


def both_ends(opening: m.Open) -> tuple[ServerConnection, ClientConnection]:
    server, client = server_in(State.NEW), client_in(State.NEW)
    server.receive(client.send(opening))
    client.receive(server.send(m.Opened(opening.stream, G711_RATE_HZ)))
    return server, client


def audio(encoding: EncodingName, at: int, num_samples: int) -> m.Audio:
    return m.Audio(1, at, bytes(num_samples * BYTES_PER_SAMPLE[encoding]))


@every_encoding
def test_a_sample_costs_one_of_credit_however_many_bytes_it_has(encoding: EncodingName) -> None:
    server, client = both_ends(m.Open(1, encoding=encoding, credit=CREDIT))
    with pytest.raises(LocalProtocolError, match="credit"):
        server.send(audio(encoding, 0, CREDIT + 1))
    message = audio(encoding, 0, CREDIT)
    assert client.receive(server.send(message)) == [message]
    for end in (server, client):
        window = end.credit(1)
        assert window is not None
        assert (window.sent, window.available) == (CREDIT, 0)
    done = m.Cancelled(1, CREDIT)
    server.receive(client.send(m.Cancel(1)))
    assert client.receive(server.send(done)) == [done]


@every_encoding
def test_a_message_carries_at_most_200_ms_in_any_encoding(encoding: EncodingName) -> None:
    server, _ = both_ends(m.Open(1, encoding=encoding))
    with pytest.raises(LocalProtocolError, match="200 ms"):
        server.send(audio(encoding, 0, FIFTH_OF_A_SECOND + 1))
    server.send(audio(encoding, 0, FIFTH_OF_A_SECOND))


def test_half_a_sample_is_neither_sent_nor_accepted() -> None:
    server, client = both_ends(m.Open(1))
    half = m.Audio(1, 0, b"odd")
    with pytest.raises(LocalProtocolError, match="part of a sample"):
        server.send(half)
    with pytest.raises(RemoteProtocolError, match="part of a sample"):
        client.receive(encode(half))


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
@pytest.mark.parametrize("rate_hz", [8_001, 16_000, 24_000])
def test_g711_at_another_rate_is_refused_on_both_ends(encoding: EncodingName, rate_hz: int) -> None:
    opening = m.Open(1, encoding=encoding, sample_rate=rate_hz)
    (fault,) = server_in(State.NEW).receive(encode(opening))
    assert isinstance(fault, Fault)
    assert fault.error.code is ErrorCode.BAD_VALUE
    assert f"8000 in {encoding}" in fault.error.message
    with pytest.raises(LocalProtocolError, match=f"8000 in {encoding}"):
        client_in(State.NEW).send(opening)


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
@pytest.mark.parametrize("rate_hz", [None, 8_000])
def test_g711_at_its_own_rate_may_be_said_or_not(encoding: EncodingName, rate_hz: int) -> None:
    opening = m.Open(1, encoding=encoding, sample_rate=rate_hz)
    assert server_in(State.NEW).receive(client_in(State.NEW).send(opening)) == [opening]


def test_an_encoding_that_is_not_known_ends_its_stream_before_any_audio() -> None:
    data = encode(m.Open(1, encoding="alaw")).replace(b"\xa4alaw", b"\xa4g722")
    server = server_in(State.NEW)
    (fault,) = server.receive(data)
    assert isinstance(fault, Fault)
    assert (fault.error.code, fault.error.stream) == (ErrorCode.BAD_VALUE, 1)
    with pytest.raises(LocalProtocolError):
        Connection(Role.CLIENT).send(m.Open(1, encoding="g722"))  # type: ignore[arg-type]
