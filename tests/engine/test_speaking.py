"""One text, without a thread."""

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from engine.errors import EngineFailed
from engine.outputs import Chunk
from engine.request import SynthesisRequest
from engine.runner import ModelInfo
from engine.runners.tone import SAMPLES_PER_CHAR
from engine.speaking import speak
from engine.steps import Pcm, RowResult, StepPlan, StepResult
from tests.helpers.virtual_engine import instant_tone

REQUEST = SynthesisRequest(voice="tone")
TEXT = "One, two, three, four, and five."


class MuteRunner:
    """Fails every row."""

    def __init__(self) -> None:
        self.released: list[int] = []
        self._tone = instant_tone()

    @property
    def info(self) -> ModelInfo:
        return self._tone.info

    def run(self, plan: StepPlan) -> StepResult:
        self.released += plan.released
        empty = np.zeros(0, np.int16)
        return StepResult(tuple(RowResult(row.slot, empty, error="mute") for row in plan.rows))

    def close(self) -> None:
        self._tone.close()


def joined(chunks: list[Chunk]) -> Pcm:
    return np.concatenate([chunk.pcm for chunk in chunks])


def test_the_whole_text_is_spoken() -> None:
    chunks = list(speak(instant_tone(), REQUEST, [TEXT]))
    spoken = sum(m.end - m.start for c in chunks for m in c.marks if m.unit.value == "segment")
    assert len(joined(chunks)) == spoken * SAMPLES_PER_CHAR
    assert len(chunks) > 1, "streamed, not handed over at the end"


def test_a_text_without_words_is_silence() -> None:
    assert list(speak(instant_tone(), REQUEST, [" "])) == []


def test_a_piece_is_asked_for_once_those_before_it_are_spoken() -> None:
    asked: list[str] = []

    def endless() -> Iterator[str]:
        while True:
            asked.append("Here is a line.\n")
            yield asked[-1]

    with closing(speak(instant_tone(), REQUEST, endless())) as chunks:
        spoken = (mark.end for chunk in chunks for mark in chunk.marks)
        for end in islice(spoken, 20):
            assert len("".join(asked[:-1])) <= end


def test_text_that_comes_word_by_word_sounds_as_it_does_whole() -> None:
    whole = joined(list(speak(instant_tone(), REQUEST, [TEXT])))
    words = re.findall(r"\S+\s*", TEXT)
    assert np.array_equal(joined(list(speak(instant_tone(), REQUEST, words))), whole)


def test_a_text_cut_short_leaves_nothing_to_the_next() -> None:
    runner = instant_tone()
    expected = joined(list(speak(runner, REQUEST, [TEXT])))
    with closing(speak(runner, REQUEST, ["Another text altogether."])) as chunks:
        next(chunks)
    assert np.array_equal(joined(list(speak(runner, REQUEST, [TEXT]))), expected)


def test_what_the_model_cannot_speak_is_an_error_and_is_released() -> None:
    runner = MuteRunner()
    with pytest.raises(EngineFailed, match="mute"):
        list(speak(runner, REQUEST, [TEXT]))
    assert runner.released == [1]
