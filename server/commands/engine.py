"""The engine of a process, made of its settings."""

from collections.abc import Callable
from functools import partial

from engine.scheduling.capacity import Capacity
from engine.scheduling.limits import SchedulerLimits
from engine.scheduling.step_times import StepTimeModel
from engine.warm_up import warm_up
from server.admission import Admission
from server.engine_thread import EngineThread
from server.metered_runner import MeteredRunner
from server.metrics import Metrics
from server.models import load_runner
from server.settings import Settings


def make_engine(
    settings: Settings, metrics: Metrics, *keeps: Callable[[int], bool]
) -> EngineThread:
    """Load the model and build its engine; calls are taken while each of `keeps` says so.

    Raises:
        ModelUnavailable: there is no such model, or something it needs is missing.
    """
    limits = SchedulerLimits(
        num_slots=settings.max_calls + settings.note_floor, note_floor=settings.note_floor
    )
    runner = load_runner(settings.model, tone_step_ms=settings.tone_step_ms)
    times = StepTimeModel()
    capacity = Capacity(runner.info, limits, times)
    engine = EngineThread(
        MeteredRunner(runner, metrics, times, limits.num_slots),
        limits,
        Admission(settings.max_calls, settings.max_notes, capacity.keeps, *keeps),
        times=times,
        prepare=partial(warm_up, runner, times, min(runner.info.max_rows, limits.num_slots)),
        watchdog_s=settings.watchdog_s,
    )
    metrics.heartbeat_age.set_function(lambda: engine.heartbeat_age_s)
    metrics.sequences.set_function(lambda: engine.num_sequences)
    return engine
