import pytest

from protocol import messages as m
from protocol.codec import MAX_MESSAGE_BYTES, encode
from protocol.codes import ErrorCode
from protocol.connection import Connection, Fault, Role
from protocol.errors import CloseCode, LocalProtocolError, RemoteProtocolError
from protocol.states import State
from tests.protocol.pairs import ERROR, READY, ServerConnection, client_in, server_in

BAD_VALUE = ErrorCode.BAD_VALUE


def audio(at: int, num_samples: int) -> m.Audio:
    return m.Audio(1, at, bytes(2 * num_samples))


def opened_with(opening: m.Open, *, limits: m.Limits | None = None) -> ServerConnection:
    connection = Connection(Role.SERVER)
    connection.send(m.Ready("s1", "tone", 44_100, limits or m.Limits()))
    assert connection.receive(encode(opening)) == [opening]
    connection.send(m.Opened(opening.stream, 10_000))
    return connection


def fault_of(connection: ServerConnection, data: bytes) -> ErrorCode:
    (fault,) = connection.receive(data)
    assert isinstance(fault, Fault)
    connection.send(fault.error)
    return fault.error.code


def test_ready_comes_first_and_once() -> None:
    server = Connection(Role.SERVER)
    with pytest.raises(LocalProtocolError):
        server.send(m.Pong(None))
    server.send(READY)
    with pytest.raises(LocalProtocolError):
        server.send(READY)
    with pytest.raises(RemoteProtocolError):
        Connection(Role.CLIENT).receive(encode(m.Pong(None)))


def test_a_client_takes_its_limits_from_ready() -> None:
    client = Connection(Role.CLIENT)
    client.receive(encode(m.Ready("s", "m", 8000, m.Limits(max_streams=1))))
    client.send(m.Open(1))
    with pytest.raises(LocalProtocolError):
        client.send(m.Open(2))


def test_the_limit_of_a_message_is_the_clients_and_a_servers_is_always_the_same() -> None:
    ready = m.Ready("s", "m", 8000, m.Limits(max_message_bytes=100))
    server, client = Connection(Role.SERVER, ready.limits), Connection(Role.CLIENT)
    client.receive(server.send(ready))
    server.receive(client.send(m.Open(1)))
    client.receive(server.send(m.Opened(1, 8000)))
    client.receive(server.send(audio(0, 1000)))
    with pytest.raises(LocalProtocolError):
        client.send(m.Text(1, "a" * 100))
    with pytest.raises(LocalProtocolError):
        server.send(m.Error(ErrorCode.INTERNAL, "a" * MAX_MESSAGE_BYTES, retryable=True))
    with pytest.raises(RemoteProtocolError) as caught:
        server.receive(encode(m.Text(1, "a" * 100)))
    assert caught.value.close_code == CloseCode.TOO_BIG


def test_nothing_follows_the_error_of_a_connection() -> None:
    error = m.Error(ErrorCode.IDLE, "", retryable=True)
    server, client = server_in(State.OPEN), client_in(State.OPEN)
    assert client.receive(server.send(error)) == [error]
    assert server.receive(b"junk") == []
    with pytest.raises(LocalProtocolError):
        server.send(audio(0, 1))
    with pytest.raises(LocalProtocolError):
        client.send(m.Ping())


def test_nothing_is_heard_after_bye() -> None:
    server, client = server_in(State.OPEN), client_in(State.OPEN)
    assert server.receive(client.send(m.Bye())) == [m.Bye()]
    for late in (encode(m.End(1)), encode(m.Open(1)), b"\xc1"):
        assert server.receive(late) == []
    assert client.receive(server.send(ERROR)) == [ERROR]
    with pytest.raises(LocalProtocolError):
        client.send(m.Ping())


def test_a_text_frame_closes_with_1003() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        server_in(State.NEW).receive_text_frame()
    assert caught.value.close_code == CloseCode.UNSUPPORTED_DATA


def test_each_side_sends_its_own_messages_only() -> None:
    with pytest.raises(LocalProtocolError):
        server_in(State.NEW).send(m.Ping())  # type: ignore[arg-type]  # the fault to be caught
    with pytest.raises(LocalProtocolError):
        client_in(State.NEW).send(m.Pong(None))  # type: ignore[arg-type]


@pytest.mark.parametrize(("default_s", "samples"), [(2.0, 20_000), (0.00017, 2)])
def test_the_default_credit_is_rounded_at_the_opened_rate(default_s: float, samples: int) -> None:
    limits = m.Limits(default_credit_s=default_s)
    window = opened_with(m.Open(1), limits=limits).credit(1)
    assert window is not None
    assert window.available == samples


def test_the_largest_grant_before_opened_is_kept() -> None:
    server = server_in(State.OPENING)
    server.receive(encode(m.Credit(1, 500_000)))
    server.receive(encode(m.Credit(1, 5)))
    assert server.credit(1) is None
    server.send(m.Opened(1, 44_100))
    window = server.credit(1)
    assert window is not None
    assert window.granted == 500_000


def test_a_smaller_grant_changes_nothing() -> None:
    server = opened_with(m.Open(1, credit=100))
    server.receive(encode(m.Credit(1, 50)))
    server.send(audio(0, 100))
    with pytest.raises(LocalProtocolError):
        server.send(audio(100, 1))
    server.receive(encode(m.Credit(1, 101)))
    server.send(audio(100, 1))


@pytest.mark.parametrize(
    "message",
    [
        audio(0, 1),
        audio(11, 1),
        audio(10, 91),
        m.Mark(1, 9, 0, 1, "word"),
        m.Mark(1, 10, 2, 1, "word"),
        m.Flushed(1, None, 9),
        m.Blocked(1, 11),
        m.Done(1, 9, "length"),
        m.Done(1, 10, "end"),
    ],
    ids=lambda message: f"{type(message).__name__}-{getattr(message, 'at', '')}",
)
def test_wrong_numbers_are_neither_sent_nor_accepted(message: m.ServerMessage) -> None:
    server = opened_with(m.Open(1, credit=100))
    server.send(audio(0, 10))
    with pytest.raises(LocalProtocolError):
        server.send(message)
    client = Connection(Role.CLIENT)
    client.receive(encode(READY))
    client.send(m.Open(1, credit=100))
    client.receive(encode(m.Opened(1, 10_000)))
    client.receive(encode(audio(0, 10)))
    with pytest.raises(RemoteProtocolError):
        client.receive(encode(message))


@pytest.mark.parametrize(
    "message",
    [
        audio(10, 90),
        m.Mark(1, 10, 2, 2, "word"),
        m.Flushed(1, None, 10),
        m.Blocked(1, 10),
        m.Done(1, 10, "length"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_right_numbers_are_sent_and_accepted(message: m.ServerMessage) -> None:
    server, client = opened_with(m.Open(1, credit=100)), Connection(Role.CLIENT)
    client.receive(encode(READY))
    client.send(m.Open(1, credit=100))
    client.receive(encode(m.Opened(1, 10_000)))
    client.receive(server.send(audio(0, 10)))
    assert client.receive(server.send(message)) == [message]


def test_an_audio_message_carries_at_most_200_ms() -> None:
    server = opened_with(m.Open(1))
    with pytest.raises(LocalProtocolError):
        server.send(audio(0, 2001))
    server.send(audio(0, 2000))


def test_late_audio_after_a_cancel_is_counted_and_not_heard() -> None:
    client = client_in(State.CANCELLING)
    assert client.receive(encode(audio(0, 10))) == []
    assert client.receive(encode(m.Cancelled(1, 10))) == [m.Cancelled(1, 10)]
    assert not client.streams


def test_too_much_text_ends_the_stream() -> None:
    server = opened_with(m.Open(1), limits=m.Limits(max_text_chars=5))
    server.receive(encode(m.Text(1, "abc")))
    assert fault_of(server, encode(m.Text(1, "def"))) is ErrorCode.TEXT_TOO_LONG
    assert server.receive(encode(m.Text(1, "g"))) == []


def test_streams_beyond_the_limit_are_refused_until_one_ends() -> None:
    server = opened_with(m.Open(1), limits=m.Limits(max_streams=1))
    assert fault_of(server, encode(m.Open(2))) is ErrorCode.TOO_MANY_STREAMS
    assert server.receive(encode(m.Text(2, "a"))) == []
    server.send(m.Done(1, 0, "length"))
    assert server.receive(encode(m.Open(3))) == [m.Open(3)]


@pytest.mark.parametrize(
    ("limits", "within", "beyond", "code"),
    [
        # Code points are counted, of all texts together: each of these has two, in four bytes.
        (
            m.Limits(max_text_chars=4),
            (m.Text(1, "żó"), m.Text(1, "łć")),
            m.Text(1, "a"),
            ErrorCode.TEXT_TOO_LONG,
        ),
        (m.Limits(max_streams=2), (m.Open(2),), m.Open(3), ErrorCode.TOO_MANY_STREAMS),
        (m.Limits(), (m.Open(2, sample_rate=8_000),), m.Open(3, sample_rate=7_999), BAD_VALUE),
        (m.Limits(), (m.Open(2, sample_rate=48_000),), m.Open(3, sample_rate=48_001), BAD_VALUE),
    ],
    ids=["text", "streams", "lowest rate", "highest rate"],
)
def test_what_is_at_a_limit_passes_and_what_is_beyond_ends_its_stream(
    limits: m.Limits,
    within: tuple[m.ClientMessage, ...],
    beyond: m.ClientMessage,
    code: ErrorCode,
) -> None:
    server = opened_with(m.Open(1), limits=limits)
    for message in within:
        assert server.receive(encode(message)) == [message]
    assert fault_of(server, encode(beyond)) is code


def test_a_stream_that_owes_an_error_takes_no_place() -> None:
    server = opened_with(m.Open(1), limits=m.Limits(max_streams=2))
    (fault,) = server.receive(encode(m.Text(5, "never opened")))
    assert isinstance(fault, Fault)
    assert server.receive(encode(m.Open(6))) == [m.Open(6)]


def test_an_open_with_a_bad_value_uses_up_its_id() -> None:
    server = server_in(State.NEW)
    bad = encode(m.Open(3)).replace(b"\xa4call", b"\xa4cool")
    assert fault_of(server, bad) is ErrorCode.BAD_VALUE
    with pytest.raises(RemoteProtocolError):
        server.receive(encode(m.Open(3)))


def test_a_bad_value_for_an_ended_stream_is_ignored() -> None:
    bad = encode(m.Text(1, "a")).replace(b"\xa1a", b"\x01")
    assert server_in(State.ENDED).receive(bad) == []
    assert fault_of(server_in(State.OPEN), bad) is ErrorCode.BAD_VALUE


def test_a_stream_never_opened_is_faulted_and_may_still_be_opened() -> None:
    server = server_in(State.NEW)
    assert fault_of(server, encode(m.Text(5, "a"))) is ErrorCode.UNKNOWN_STREAM
    assert server.receive(encode(m.Open(5))) == [m.Open(5)]
