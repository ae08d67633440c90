"""A model that lost its way ends its sequence, with the reason and with all that was made."""

import pytest

from engine.outputs import Chunk, Finished
from engine.steps import FinishReason
from tests.helpers.broken import LostRunner
from tests.helpers.virtual_engine import VirtualEngine


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.REPETITION])
@pytest.mark.parametrize("end", [True, False])
def test_a_sequence_whose_model_gave_up_is_done_for_that_reason(
    reason: FinishReason, end: bool
) -> None:
    runner = LostRunner(reason)
    engine = VirtualEngine(runner=runner)
    engine.open(1, "This is a sentence. This is one more, and it is never spoken.", end=end)
    engine.settle()
    *chunks, finished = engine.by_sequence[1]
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    assert len(engine.pcm(1)) > 0
    assert finished == Finished(1, len(engine.pcm(1)), reason)
    assert runner.released == [1]
    assert engine.scheduler.num_sequences == 0
    assert engine.scheduler.slot_owners == {}


def test_text_for_a_sequence_that_gave_up_is_ignored() -> None:
    engine = VirtualEngine(runner=LostRunner(FinishReason.LENGTH))
    engine.open(1, "This is a sentence that is long enough to be cut off.", end=False)
    engine.settle()
    num_outputs = len(engine.outputs)
    engine.append(1, "More of it.")
    engine.end(1)
    engine.settle()
    assert len(engine.outputs) == num_outputs
