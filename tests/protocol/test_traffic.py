"""Two connections and a wire between them: what one may send, the other never faults."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.connection import Connection, Fault, Role
from protocol.errors import LocalProtocolError

numbers = st.integers(1, 6)
grants = st.integers(0, 400)
LIMITS = m.Limits(max_streams=3, max_text_chars=8, default_credit_s=0.01)

client_says = st.one_of(
    st.builds(m.Open, stream=numbers, credit=st.none() | grants),
    st.builds(m.Text, stream=numbers, text=st.text(max_size=4)),
    st.builds(m.Flush, stream=numbers, id=st.none() | grants),
    st.builds(m.End, stream=numbers),
    st.builds(m.Cancel, stream=numbers),
    st.builds(m.Credit, stream=numbers, upto=grants),
    st.builds(m.Ping),
)
SERVER_KINDS = ("opened", "audio", "mark", "flushed", "blocked", "done", "cancelled", "error")


def server_message(kind: str, stream: int, sent: int, num_samples: int) -> m.ServerMessage:
    messages: dict[str, m.ServerMessage] = {
        "opened": m.Opened(stream, 8000),
        "audio": m.Audio(stream, sent, bytes(2 * num_samples)),
        "mark": m.Mark(stream, sent, 0, 1, "segment"),
        "flushed": m.Flushed(stream, None, sent),
        "blocked": m.Blocked(stream, sent),
        "done": m.Done(stream, sent, "end"),
        "cancelled": m.Cancelled(stream, sent),
        "error": m.Error(ErrorCode.INTERNAL, "", retryable=True, stream=stream),
    }
    return messages[kind]


class Traffic(RuleBasedStateMachine):
    @initialize()
    def connect(self) -> None:
        self.client, self.server = Connection(Role.CLIENT), Connection(Role.SERVER, LIMITS)
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.client.receive(self.server.send(m.Ready("s", "m", 8000, LIMITS)))

    @rule(message=client_says)
    def client_sends(self, message: m.ClientMessage) -> None:
        try:
            self.up.append(self.client.send(message))
        except LocalProtocolError:
            return

    @rule(kind=st.sampled_from(SERVER_KINDS), stream=numbers, num_samples=st.integers(1, 200))
    def server_sends(self, kind: str, stream: int, num_samples: int) -> None:
        window = self.server.credit(stream) if stream in self.server.streams else None
        sent = window.sent if window else 0
        try:
            self.down.append(self.server.send(server_message(kind, stream, sent, num_samples)))
        except LocalProtocolError:
            return

    @rule()
    def server_hears(self) -> None:
        if self.up:
            events = self.server.receive(self.up.popleft())
            assert not any(isinstance(event, Fault) for event in events)

    @rule()
    def client_hears(self) -> None:
        if self.down:
            self.client.receive(self.down.popleft())

    @invariant()
    def a_server_never_knows_more_credit_than_was_granted(self) -> None:
        for stream in self.client.streams & self.server.streams:
            ours, theirs = self.client.credit(stream), self.server.credit(stream)
            if ours and theirs:
                assert ours.sent <= theirs.sent <= theirs.granted <= ours.granted

    @invariant()
    def open_streams_are_bounded(self) -> None:
        assert len(self.server.streams) <= LIMITS.max_streams

    def teardown(self) -> None:
        while self.up:
            self.server_hears()
        while self.down:
            self.client_hears()
        assert self.client.streams == self.server.streams
        for stream in self.client.streams:
            ours, theirs = self.client.credit(stream), self.server.credit(stream)
            assert (ours and ours.sent) == (theirs and theirs.sent)


Traffic.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
test_what_one_end_may_send_the_other_never_faults = Traffic.TestCase
