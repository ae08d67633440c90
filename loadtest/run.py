"""One run: everybody connects, the calls arrive, and it is measured until the last has ended."""

import asyncio
import gc
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from loadtest.arrivals import poisson_arrivals
from loadtest.caller import Caller, Schedule
from loadtest.connection import LoadConnection
from loadtest.counters import Counters
from loadtest.crowd import Crowd
from loadtest.metrics import MetricsReader
from loadtest.process import CoresSample, LoopLag, ProcessSample
from loadtest.scenario import Scenario
from loadtest.script import script_maker
from loadtest.silence import Silence, silence
from loadtest.watch import Reading, Stillness, Watch

#: Turns that speak when the measured time is over have this long to end; they last eight seconds.
FINISH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What only grows, and the server's memory, at one moment."""

    own: ProcessSample
    server: ProcessSample | None
    #: Those of both, where the server's process is known.
    cores: CoresSample | None
    load_average: float
    messages: int
    bytes: int


@dataclass(slots=True)
class Outcome:
    """What a run has shown."""

    scenario: Scenario
    schedule: Schedule
    counters: Counters
    num_connections: int
    refused_connections: Counter[str]
    bad_ends: Counter[str]
    #: Before anybody connected.
    server_at_rest: ProcessSample | None
    begin: Moment
    end: Moment
    watch: Watch
    #: With bad listeners alone, before the first call and after the last.
    still_before: Stillness | None
    still_after: Stillness | None
    #: Where turns are interrupted.
    silence: Silence | None
    lag: LoopLag = field(default_factory=LoopLag)


async def measure(scenario: Scenario) -> Outcome:
    """Do all that the scenario says.

    Raises:
        OSError: the server, or the process of `--pid`, is not there.
        ScenarioError: the server does not allow it.
        EngineError: the server's model, whose segments time live text, is not installed here.
    """
    try:
        async with MetricsReader(scenario.metrics) as metrics:
            return await _measure(scenario, Crowd(scenario.url), Watch(metrics, scenario.pid))
    finally:
        gc.enable()


async def _measure(scenario: Scenario, crowd: Crowd, watch: Watch) -> Outcome:
    at_rest = await watch.look()
    hosts = await crowd.gather(scenario)
    await asyncio.sleep(scenario.settle)
    _stop_collecting()
    still_before = await _still(crowd, watch, at_rest)
    settled = await watch.look()
    schedule, callers = _let_arrive(scenario, hosts)
    lag = LoopLag()
    await _sleep_until(schedule.measured_from_s)
    lag.start()
    begin = _moment(scenario, crowd.counters)
    await watch.until(schedule.measured_until_s)
    end = _moment(scenario, crowd.counters)
    bad_ends = crowd.bad_ends()
    silent = None
    if scenario.interrupt_after and callers:
        silent = await silence(callers, watch.metrics, settled.page)
    await _finish(callers)
    still_after = await _still(crowd, watch, at_rest)
    crowd.leave()
    return Outcome(
        scenario=scenario,
        schedule=schedule,
        counters=crowd.counters,
        num_connections=len(crowd.connections) + len(crowd.deaf_fish),
        refused_connections=crowd.refused,
        bad_ends=bad_ends,
        server_at_rest=at_rest.process,
        begin=begin,
        end=end,
        watch=watch,
        still_before=still_before,
        still_after=still_after,
        silence=silent,
        lag=lag,
    )


async def _still(crowd: Crowd, watch: Watch, at_rest: Reading) -> Stillness | None:
    return await watch.stillness(at_rest.page) if crowd.has_bad_listeners else None


def _let_arrive(
    scenario: Scenario, hosts: Sequence[LoadConnection | None]
) -> tuple[Schedule, list[Caller]]:
    """Schedule every call; those without a connection were refused already."""
    rng = random.Random(scenario.seed)
    now_s = time.monotonic()
    arrivals = list(islice(poisson_arrivals(rng, scenario.rate), len(hosts)))
    if not scenario.hold:
        arrivals = list(takewhile(lambda at_s: at_s < scenario.seconds, arrivals))
    begin_s = now_s + (arrivals[-1] if scenario.hold and arrivals else 0.0)
    schedule = Schedule(
        measured_from_s=begin_s,
        measured_until_s=begin_s + scenario.seconds,
        hold=scenario.hold,
        script=script_maker(scenario.words_per_s, _model(hosts)),
        interrupt_after_s=scenario.interrupt_after,
    )
    callers = []
    for index, (at_s, host) in enumerate(zip(arrivals, hosts, strict=False)):
        if host is None:
            schedule.measured.first_audio.fail()
            continue
        caller = Caller(host, schedule, random.Random(f"{scenario.seed}/{index}"))
        caller.call_at(now_s + at_s)
        callers.append(caller)
    return schedule, callers


def _model(hosts: Sequence[LoadConnection | None]) -> str:
    return next((host.ready.result().model for host in hosts if host is not None), "tone")


async def _finish(callers: Sequence[Caller]) -> None:
    if callers:
        await asyncio.wait([caller.over for caller in callers], timeout=FINISH_TIMEOUT_S)
    for caller in callers:
        caller.hang_up()


def _moment(scenario: Scenario, counters: Counters) -> Moment:
    pid = scenario.pid
    return Moment(
        own=ProcessSample.take(os.getpid()),
        server=None if pid is None else ProcessSample.take(pid),
        cores=None if pid is None else CoresSample.take(os.getpid(), pid),
        load_average=os.getloadavg()[0],
        messages=counters.messages_received,
        bytes=counters.bytes_received,
    )


def _stop_collecting() -> None:
    """Let no pause of the generator pass for a slow server; in a run it makes few cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()


async def _sleep_until(when_s: float) -> None:
    await asyncio.sleep(max(when_s - time.monotonic(), 0.0))
