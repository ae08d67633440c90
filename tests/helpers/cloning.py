"""A model that clones without weights, and recordings that need no decoder."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.cloning import EncodedReference
from engine.errors import Unsupported
from engine.runner import ModelInfo
from engine.runners.tone import SAMPLE_RATE_HZ, ToneRunner
from engine.steps import StepPlan, StepResult
from protocol.messages import Reference

#: What the encoder below cannot be prompted with.
UNUSABLE_TEXT = "unusable"
#: What it has no memory for.
BREAKING_TEXT = "too much"
#: What it can be prompted with alone.
LONG_TEXT = "long"
REFERENCE = Reference(b"a recording", "What is said in it.")

#: An encoder that is held looks so often whether it is wanted, for ten seconds.
LOOK_S, MOST_LOOKS = 0.01, 1_000


class FakeEncoder:
    """Remembers what it has encoded. Where it is `held`, it goes on once that is set."""

    def __init__(self, held: threading.Event | None = None) -> None:
        self.sample_rate_hz = SAMPLE_RATE_HZ
        self.encoded: list[str] = []
        #: Set as soon as something is being encoded.
        self.has_begun = threading.Event()
        self.was_given_up = threading.Event()
        self._held = held

    def encode(
        self, samples: NDArray[np.float32], text: str, checkpoint: Callable[[], None]
    ) -> EncodedReference:
        self.has_begun.set()
        self._wait(checkpoint)
        self.encoded.append(text)
        if text == UNUSABLE_TEXT:
            raise Unsupported("the model cannot use this")
        if text == BREAKING_TEXT:
            raise MemoryError
        return EncodedReference(text, np.full((1, 1), len(samples)))

    def check(self, references: Sequence[EncodedReference]) -> None:
        if len(references) > 1 and LONG_TEXT in {each.text for each in references}:
            raise Unsupported("the model has no room for both")

    def _wait(self, checkpoint: Callable[[], None]) -> None:
        for _ in range(MOST_LOOKS):
            if self._held is None or self._held.wait(LOOK_S):
                return
            try:
                checkpoint()
            except BaseException:
                self.was_given_up.set()
                raise
        raise TimeoutError("nobody let it go")


class CloningRunner(ToneRunner):
    """A tone with an encoder, which remembers in whose voice it was asked to speak."""

    def __init__(self, encoder: FakeEncoder) -> None:
        super().__init__(sleep=lambda _: None)
        self._encoder = encoder
        self.references: list[str | None] = []

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, encoder=self._encoder)

    def run(self, plan: StepPlan) -> StepResult:
        for admission in plan.admissions:
            texts = [each.text for each in admission.request.references]
            self.references.append(" ".join(texts) or None)
        return super().run(plan)


def decode_at_once(audio: bytes, sample_rate_hz: int) -> NDArray[np.float32]:
    """Return a sample for each byte."""
    del sample_rate_hz
    return np.zeros(len(audio), np.float32)
