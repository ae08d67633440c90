"""A sequence sounds the same whatever else is spoken between its bursts."""

# Texts of other scripts look like mistyped Latin.
# ruff: noqa: RUF001

import random

import numpy as np
import pytest

from engine.runners.espeak.runner import EspeakRunner
from engine.steps import Row, StepPlan
from tests.engine.espeak.speaking import Spoken, admit, prefill, say

TEXTS = [
    "The quick brown fox jumps over the lazy dog near the river, and 12 more.",
    "Привет, мир! Как дела сегодня у вас? 3.14",
    "你好世界。我们很好。今天天气很好",
    "aaaa 1234567 %% \u0301 x [[h]] <b>",
    "नमस्ते दुनिया यह एक परीक्षण है",
    "What?! No way... ",
    "internationalization " * 5,
]
#: Those whose sound comes of the Klatt synthesiser, and carries the most.
KLATT = ["klatt", "klatt3", "klatt5", "robosoft", "robosoft2", "Reed", "edward"]


@pytest.fixture(autouse=True)
def _reproducible(runner: EspeakRunner) -> None:
    if not runner._child.roll.is_reproducible:
        pytest.skip("this build of eSpeak NG hides what it carries from text to text")


def _interleaved(
    runner: EspeakRunner, texts: list[str], manners: list[dict[str, object]]
) -> list[Spoken]:
    slots = range(len(texts))
    for slot in slots:
        admit(runner, slot, **manners[slot])  # type: ignore[arg-type]
    runner.run(StepPlan(prefills=tuple(prefill(slot, texts[slot]) for slot in slots)))
    spoken = [Spoken() for _ in slots]
    while waiting := [slot for slot in slots if not spoken[slot].is_done]:
        for row in runner.run(StepPlan(rows=tuple(Row(slot, 60) for slot in waiting))).rows:
            spoken[row.slot].rows.append(row)
    return spoken


@pytest.mark.parametrize("seed", range(6))
def test_random_texts_sound_the_same_alone_and_among_others(
    runner: EspeakRunner, seed: int
) -> None:
    draw = random.Random(seed)
    voices = [voice.id for voice in runner.info.voices]
    variants = ["", "", *(f"+{variant}" for variant in KLATT)]
    texts = draw.choices(TEXTS, k=10)
    manners: list[dict[str, object]] = [
        {
            "voice": draw.choice(voices) + draw.choice(variants),
            "speed": draw.choice([0.5, 0.8, 1.0, 1.7, 2.5]),
            "pitch": draw.choice([-9.0, 0.0, 9.0]),
        }
        for _ in texts
    ]
    alone = [
        say(runner, text, **manner).pcm  # type: ignore[arg-type]
        for text, manner in zip(texts, manners, strict=True)
    ]
    together = _interleaved(runner, texts, manners)
    assert all(np.array_equal(a, b.pcm) for a, b in zip(alone, together, strict=True))


def test_a_voice_with_an_intonation_of_its_own_leaves_none_to_the_next(
    runner: EspeakRunner,
) -> None:
    text = TEXTS[4]
    alone = say(runner, text, voice="en-us").pcm
    for variant in ("klatt3", "robosoft2"):
        say(runner, TEXTS[0], voice=f"tr+{variant}")
        assert np.array_equal(say(runner, text, voice="en-us").pcm, alone)
    for language in ("ml", "hi", "cmn", "fi"):
        say(runner, text, voice=language)
        assert np.array_equal(say(runner, text, voice="en-us").pcm, alone)
