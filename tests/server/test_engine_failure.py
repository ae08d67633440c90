"""An engine that dies tells every open stream, and takes its task group with it."""

from typing import Any

import anyio
import pytest

from engine.outputs import Failed, Output
from engine.request import SynthesisRequest
from engine.runners.tone import ToneRunner
from engine.scheduling.limits import SchedulerLimits
from engine.steps import StepPlan, StepResult
from protocol.codes import ErrorCode
from server.engine_thread import EngineThread
from server.errors import RequestError

pytestmark = pytest.mark.anyio


@pytest.fixture
def trio_options() -> dict[str, Any]:
    """The engine is a real thread: trio's clock must be real too."""
    return {}


class BrokenRunner(ToneRunner):
    """Raises at its first step."""

    def run(self, plan: StepPlan) -> StepResult:
        raise RuntimeError(f"no step of {len(plan.rows)} rows")


async def test_a_runner_that_raises_fails_every_stream_and_the_task_group() -> None:
    limits = SchedulerLimits(num_slots=4, note_floor=1)
    engine = EngineThread(BrokenRunner(), limits, max_calls=4, max_notes=4)
    heard: list[Output] = []
    for _ in range(2):
        utterance = engine.client.open(SynthesisRequest(voice="tone"), 1_000, heard.append)
    utterance.append("Hello.")
    utterance.end()
    with pytest.raises(ExceptionGroup) as raised:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run)
    assert raised.group_contains(RuntimeError)
    assert [type(output) for output in heard] == [Failed, Failed]
    assert not engine.is_alive
    with pytest.raises(RequestError) as refused:
        engine.client.open(SynthesisRequest(voice="tone"), 1_000, heard.append)
    assert refused.value.code is ErrorCode.ENGINE_FAILED
