"""Notes of SSML, asked for and taken whole."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.runner import ModelInfo
from engine.runners.tone import SAMPLES_PER_CHAR, ToneRunner
from engine.steps import StepPlan, StepResult
from server.app import create_app
from server.service import Service
from tests.helpers.asking import Answer, ask
from tests.helpers.virtual_engine_thread import VirtualEngineThread, running

Samples = NDArray[np.int16]


class Speaker(ToneRunner):
    """A tone that remembers what it was opened for, and may speak faster by itself."""

    def __init__(self, speed_range: tuple[float, float] = (1.0, 1.0), pitch: float = 12.0) -> None:
        super().__init__(sleep=lambda _: None)
        self._range = speed_range
        self._pitch_range = (-pitch, pitch) if pitch else (0.0, 0.0)
        self.opened: list[tuple[float, float]] = []
        self.spoken: list[str] = []

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, speed_range=self._range, pitch_range=self._pitch_range)

    def run(self, plan: StepPlan) -> StepResult:
        for admission in plan.admissions:
            self.opened.append((admission.request.speed, admission.request.pitch))
        self.spoken += [prefill.segment.text for prefill in plan.prefills]
        return super().run(plan)


async def note(inside: str, runner: ToneRunner | None = None, **fields: object) -> Answer:
    engine = VirtualEngineThread(runner or Speaker(), max_notes=1)
    ssml = f"<speak>{inside}</speak>"
    async with running(engine):
        app = create_app(Service(engine.client), is_alive=lambda: True)
        answer = await ask(app, "POST", "/v1/notes", {"ssml": ssml, "format": "pcm", **fields})
        assert engine.client.is_idle
    return answer


async def samples(inside: str, runner: ToneRunner | None = None, **fields: object) -> Samples:
    answer = await note(inside, runner, **fields)
    assert answer.status == 200, answer.body
    return np.frombuffer(answer.body, "<i2")


def length(text: str) -> int:
    return len(text) * SAMPLES_PER_CHAR


def silent(pcm: Samples) -> bool:
    return not pcm.any()
