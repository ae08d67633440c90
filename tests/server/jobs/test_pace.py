"""Whoever has to wait is told for how long, as far as anybody can know."""

from typing import cast

import anyio
import pytest

from server.jobs.job import Priority
from server.jobs.pace import LOOK_S, MAX_RETRY_S, MIN_RETRY_S, UNKNOWN_RETRY_S, WINDOW_S, Pace
from server.jobs.queue import NoteQueue, QueueStats, QueueUnreachable
from server.metrics import Metrics

pytestmark = pytest.mark.anyio


class Emptying:
    """A queue that empties by `rate` seconds of audio a second."""

    def __init__(self) -> None:
        self.rate = 0.0
        self.is_reachable = True
        self._drained_s = 0.0
        self._since = anyio.current_time()

    async def stats(self) -> QueueStats:
        now = anyio.current_time()
        self._drained_s += self.rate * (now - self._since)
        self._since = now
        if not self.is_reachable:
            raise QueueUnreachable
        return QueueStats(
            queued=dict.fromkeys(Priority, 3), running=2, audio_s=50.0, oldest_at=90.0,
            failed=1, drained_s=self._drained_s,
        )  # fmt: skip


async def after(*phases: tuple[float, float], clock_goes_back: bool = False) -> Pace:
    """Return the pace of a queue that has emptied for some seconds each, at some rate."""
    queue = Emptying()
    now = 100.0
    pace = Pace(cast("NoteQueue", queue), Metrics(), lambda: now)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.run)
        for seconds, rate in phases:
            queue.rate = rate
            await anyio.sleep(seconds)
            now -= 1e6 if clock_goes_back else 0
        tasks.cancel_scope.cancel()
    return pace


async def test_the_wait_is_what_there_is_over_how_fast_it_goes() -> None:
    pace = await after((100, 20.0))
    assert pace.time_for(1_000) == pytest.approx(50, rel=0.01)
    assert pace.time_for(0.001) == MIN_RETRY_S
    assert pace.time_for(1e9) == MAX_RETRY_S


async def test_a_rate_that_has_changed_is_followed() -> None:
    pace = await after((1_000, 20.0), (WINDOW_S + LOOK_S, 5.0))
    assert pace.time_for(100) == pytest.approx(20, rel=0.02)


async def test_where_nothing_moves_nobody_is_asked_back_soon() -> None:
    pace = await after((100, 20.0), (WINDOW_S + 2 * LOOK_S, 0.0))
    assert pace.time_for(1) == MAX_RETRY_S


async def test_before_anything_is_known_nobody_is_sent_away_for_long() -> None:
    assert Pace(cast("NoteQueue", Emptying()), Metrics()).time_for(1) == UNKNOWN_RETRY_S
    assert (await after((1, 0.0))).time_for(1) == UNKNOWN_RETRY_S
    assert (await after((60, 0.0))).time_for(1) == UNKNOWN_RETRY_S


async def test_a_clock_that_is_set_back_changes_no_wait() -> None:
    pace = await after(*[(10, 20.0)] * 10, clock_goes_back=True)
    assert pace.time_for(1_000) == pytest.approx(50, rel=0.01)
    assert pace._metrics.queue_oldest._value.get() == 0.0


async def test_a_queue_that_cannot_be_reached_leaves_what_was_known() -> None:
    queue = Emptying()
    queue.rate = 20.0
    pace = Pace(cast("NoteQueue", queue), Metrics(), lambda: 100.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.run)
        await anyio.sleep(100)
        queue.is_reachable = False
        await anyio.sleep(100)
        tasks.cancel_scope.cancel()
    assert pace.time_for(1_000) == pytest.approx(50, rel=0.01)
    assert pace._metrics.queue_oldest._value.get() == 10.0
