"""All streams of a connection, judged by the transition table. Ended ones are forgotten."""

from typing import NamedTuple

from .codes import ErrorCode
from .encodings import fixed_rate
from .errors import StreamFault
from .messages import ClientMessage, Limits, Open, ServerMessage, Text
from .schema import TYPE_NAMES
from .states import CLIENT_TABLE, Outcome, State, Table
from .streams import Stream


class Verdict(NamedTuple):
    """What a message does to its stream, and why, should it be refused."""

    outcome: Outcome | None
    reason: str = ""


class StreamTable:
    """The streams that have not ended, and the highest id that was seen.

    `judge_…` changes nothing; `apply_…` does what was judged.
    """

    def __init__(self, limits: Limits) -> None:
        """Begin with no stream."""
        self.limits = limits
        self._streams: dict[int, Stream] = {}
        self._highest = 0

    def __getitem__(self, number: int) -> Stream:
        return self._streams[number]

    @property
    def open(self) -> frozenset[int]:
        """The ids of the streams that were opened and have not ended."""
        return frozenset(n for n, s in self._streams.items() if s.state is not State.FAILING)

    def state(self, number: int) -> State:
        """Return what is known of a stream."""
        stream = self._streams.get(number)
        if stream is not None:
            return stream.state
        return State.NEW if number > self._highest else State.ENDED

    def judge_client(self, number: int, message: ClientMessage | StreamFault) -> Verdict:
        """Say what a client's message does; a `StreamFault` stands for one that has bad fields."""
        name = message.type_name if isinstance(message, StreamFault) else TYPE_NAMES[type(message)]
        state = self.state(number)
        outcome = CLIENT_TABLE[state, name]
        if not isinstance(outcome, State):
            return Verdict(outcome, f"{name} on a stream that is {state.value}")
        if isinstance(message, StreamFault):
            return Verdict(message.code, message.message)
        return self._judge_values(message, outcome)

    def judge_server(self, number: int, message: ServerMessage, table: Table) -> Verdict:
        """Say what a server's message does; an outcome of `None` is one that may not be."""
        name = TYPE_NAMES[type(message)]
        stream = self._streams.get(number)
        state = self.state(number) if stream is None else stream.state
        outcome = table.get((state, name))
        if outcome is None:
            return Verdict(None, f"{name} on a stream that is {state.value}")
        problem = None if stream is None else stream.problem(message)
        return Verdict(outcome) if problem is None else Verdict(None, f"{name}: {problem}")

    def apply_client(self, number: int, message: ClientMessage, state: State) -> None:
        """Move a stream to `state` by a client's message."""
        if isinstance(message, Open):
            self._highest = number
            self._streams[number] = Stream(state)
        stream = self._streams[number]
        stream.state = state
        stream.take_client(message)

    def apply_server(self, number: int, message: ServerMessage, outcome: Outcome | None) -> None:
        """Count a server's message and move its stream; one that has ended is forgotten."""
        stream = self._streams.get(number)
        if stream is None:
            return
        stream.take_server(message, self.limits)
        if outcome is State.ENDED:
            del self._streams[number]
        elif isinstance(outcome, State):
            stream.state = outcome

    def fail(self, number: int, message: ClientMessage | StreamFault) -> None:
        """Note that a stream owes an `error` for `message`.

        One that was never opened owes it too, and may be opened afterwards.
        """
        name = message.type_name if isinstance(message, StreamFault) else TYPE_NAMES[type(message)]
        if name == "open":
            self._highest = number
        self._streams[number] = Stream(State.FAILING)

    def _judge_values(self, message: ClientMessage, outcome: Outcome) -> Verdict:
        limits = self.limits
        if isinstance(message, Open):
            if len(self.open) >= limits.max_streams:
                reason = f"at most {limits.max_streams} streams are open at once"
                return Verdict(ErrorCode.TOO_MANY_STREAMS, reason)
            problem = _rate_problem(message, limits)
            if problem is not None:
                return Verdict(ErrorCode.BAD_VALUE, problem)
        if isinstance(message, Text):
            total = self._streams[message.stream].text_chars + len(message.text)
            if total > limits.max_text_chars:
                reason = f"a stream has at most {limits.max_text_chars} characters"
                return Verdict(ErrorCode.TEXT_TOO_LONG, reason)
        return Verdict(outcome)


def _rate_problem(message: Open, limits: Limits) -> str | None:
    if message.sample_rate is None:
        return None
    low, high = limits.min_sample_rate, limits.max_sample_rate
    if not low <= message.sample_rate <= high:
        return f"sample_rate must be from {low} to {high}"
    fixed_hz = fixed_rate(message.encoding)
    if fixed_hz not in (None, message.sample_rate):
        return f"sample_rate must be {fixed_hz} in {message.encoding}"
    return None
