"""The state machine as data: everything that decides which message may come when.

A stream's state is what one side knows of it: `NEW` is any id above the highest seen, `ENDED` any
other that is not held. Streams are held in the states between, and forgotten when they end.
"""

from enum import Enum, StrEnum
from typing import TypeAlias

from .codes import ErrorCode


class State(StrEnum):
    """What is known of a stream. A string, since it is looked up for every message."""

    NEW = "new"
    #: `open` was seen, `opened` was not; text may come already.
    OPENING = "opening"
    #: The same, after `end`.
    OPENING_COMPLETE = "opening_complete"
    #: `opened` was seen; text may come.
    OPEN = "open"
    #: The same, after `end`: its text is complete.
    COMPLETE = "complete"
    #: `cancel` was seen, its answer was not.
    CANCELLING = "cancelling"
    #: The client broke the stream's rules, or it was never opened: the server owes an `error`.
    FAILING = "failing"
    ENDED = "ended"


class Ruling(Enum):
    """What a message does that moves no stream."""

    #: It raced with the stream's end, or says again what was said.
    IGNORE = "ignore"
    #: It breaks the connection.
    BREAK = "break"
    #: It belongs to no stream, and may come.
    PROCEED = "proceed"


#: A state to move to; a code that ends the stream with `error`; or a ruling.
Outcome: TypeAlias = State | ErrorCode | Ruling
Table: TypeAlias = dict[tuple[State, str], Outcome]

_IGNORE, _BREAK = Ruling.IGNORE, Ruling.BREAK
_UNKNOWN, _BAD = ErrorCode.UNKNOWN_STREAM, ErrorCode.BAD_STATE

#: The messages of a client that belong to a stream, in the order of the columns below.
CLIENT_TYPES = ("open", "text", "flush", "end", "cancel", "credit")
_CLIENT_ROWS: dict[State, tuple[Outcome, ...]] = {
    State.NEW: (State.OPENING, _UNKNOWN, _UNKNOWN, _UNKNOWN, _IGNORE, _IGNORE),
    State.OPENING: (
        _BREAK,
        State.OPENING,
        State.OPENING,
        State.OPENING_COMPLETE,
        State.CANCELLING,
        State.OPENING,
    ),
    State.OPENING_COMPLETE: (
        _BREAK,
        _BAD,
        _BAD,
        _IGNORE,
        State.CANCELLING,
        State.OPENING_COMPLETE,
    ),
    State.OPEN: (_BREAK, State.OPEN, State.OPEN, State.COMPLETE, State.CANCELLING, State.OPEN),
    State.COMPLETE: (_BREAK, _BAD, _BAD, _IGNORE, State.CANCELLING, State.COMPLETE),
    State.CANCELLING: (_BREAK, _IGNORE, _IGNORE, _IGNORE, _IGNORE, _IGNORE),
    State.FAILING: (_BREAK, _IGNORE, _IGNORE, _IGNORE, _IGNORE, _IGNORE),
    State.ENDED: (_BREAK, _IGNORE, _IGNORE, _IGNORE, _IGNORE, _IGNORE),
}
#: What a client's message does to a stream. The server acts on it; the client sends what neither
#: faults nor breaks.
CLIENT_TABLE: Table = {
    (state, name): outcome
    for state, row in _CLIENT_ROWS.items()
    for name, outcome in zip(CLIENT_TYPES, row, strict=True)
}

_PROGRESS = ("audio", "mark", "flushed", "blocked")
_UNENDED = (
    State.OPENING,
    State.OPENING_COMPLETE,
    State.OPEN,
    State.COMPLETE,
    State.CANCELLING,
    State.FAILING,
)
#: What a server may send: a pair that is missing may not be sent.
SERVER_TABLE: Table = {
    (State.OPENING, "opened"): State.OPEN,
    (State.OPENING_COMPLETE, "opened"): State.COMPLETE,
    **{(state, name): state for state in (State.OPEN, State.COMPLETE) for name in _PROGRESS},
    # With text still open, only a model that gives up is done: see `EARLY_REASONS`.
    (State.OPEN, "done"): State.ENDED,
    (State.COMPLETE, "done"): State.ENDED,
    (State.CANCELLING, "cancelled"): State.ENDED,
    **{(state, "error"): State.ENDED for state in _UNENDED},
}
#: What a client may receive: the same, and what was under way when its `cancel` was sent.
CLIENT_RECEIVES: Table = SERVER_TABLE | {
    **{(State.CANCELLING, name): _IGNORE for name in ("opened", *_PROGRESS)},
    (State.CANCELLING, "done"): State.ENDED,
}
#: The reasons of a `done` that may come before the client's `end`.
EARLY_REASONS = frozenset({"length", "repetition"})


class Phase(StrEnum):
    """How far the server has come with a connection."""

    STARTING = "starting"
    READY = "ready"
    #: The `error` without stream was sent: nothing follows it, and nothing is heard any more.
    FAILED = "failed"


#: The messages of a server that move the connection, `error` being the one without stream. Any
#: other message needs `READY` and keeps it.
PHASE_TABLE: dict[tuple[Phase, str], Phase] = {
    (Phase.STARTING, "ready"): Phase.READY,
    (Phase.STARTING, "error"): Phase.FAILED,
    (Phase.READY, "error"): Phase.FAILED,
}
#: Those messages: outside of the table's rows they may not be sent.
PHASE_TYPES = frozenset(name for _, name in PHASE_TABLE)
