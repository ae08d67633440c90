"""A call: one turn, or turn after turn for as long as the run lasts."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from loadtest.clock import call_at
from loadtest.connection import LoadConnection
from loadtest.counters import Measurements
from loadtest.script import Script
from loadtest.turn import Turn, TurnEnd

#: A listener who was refused without being told when to come again.
DEFAULT_RETRY_S = 1.0
#: The mean pause between two turns, in which the other side speaks a word or two. It is random, so
#: that calls that began together drift apart.
MEAN_PAUSE_S = 0.5


@dataclass(slots=True)
class Schedule:
    """What all calls of a run share; times are of the monotonic clock."""

    #: Turns meant to begin within these are measured, the others are warm-up.
    measured_from_s: float
    measured_until_s: float
    #: Whether a call goes on with a new turn, until `measured_until_s`.
    hold: bool
    #: Makes the text of a turn.
    script: Callable[[random.Random], Script]
    #: The mean time from first audio to an interruption; zero for none.
    interrupt_after_s: float
    measured: Measurements = field(default_factory=Measurements)
    warm_up: Measurements = field(default_factory=Measurements)

    def measurements(self, intended_s: float) -> Measurements:
        """Return where a turn that was meant for then is counted."""
        is_measured = self.measured_from_s <= intended_s < self.measured_until_s
        return self.measured if is_measured else self.warm_up


class Caller:
    """One call on a connection that it may share."""

    def __init__(self, connection: LoadConnection, schedule: Schedule, rng: random.Random) -> None:
        self._connection = connection
        self._schedule = schedule
        self._rng = rng
        self._turn: Turn | None = None
        self._is_retry = False
        #: Done when no turn will follow.
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def call_at(self, intended_s: float) -> None:
        """Begin at `intended_s`."""
        call_at(intended_s, lambda: self._begin(intended_s))

    def interrupt(self) -> None:
        """Fall silent now; it goes on no longer than the schedule says."""
        if self._turn is not None:
            self._turn.interrupt()

    def hang_up(self) -> None:
        """End the call, whatever it waits for."""
        if self._turn is not None:
            self._turn.give_up()
        self._leave()

    def _begin(self, intended_s: float) -> None:
        counts = self._schedule.measurements(intended_s)
        was_retry, self._is_retry = self._is_retry, False
        counts.retries += was_retry

        def end(end: TurnEnd) -> None:
            counts.retries_admitted += was_retry and not end.refused
            self._go_on(end)

        mean_s = self._schedule.interrupt_after_s
        self._turn = Turn(
            self._connection,
            self._schedule.script(self._rng),
            counts,
            end,
            self._rng.uniform(0.5, 1.5) * mean_s if mean_s else float("inf"),
        )
        self._turn.begin(intended_s)

    def _go_on(self, end: TurnEnd) -> None:
        self._turn = None
        if not end.refused:
            wait_s = self._rng.expovariate(1 / MEAN_PAUSE_S)
        elif end.retry_after_s is None:
            wait_s = DEFAULT_RETRY_S
        else:
            wait_s = end.retry_after_s
        next_s = end.heard_s + wait_s
        until_s = self._schedule.measured_until_s
        if not self._schedule.hold or next_s >= until_s or self._connection.is_lost:
            self._leave()
            return
        self._is_retry = end.refused
        self.call_at(next_s)

    def _leave(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
