"""Prosody that is done to the samples afterwards, and long SSML: the work of threads."""

import pytest

from engine.runners.tone import SAMPLE_RATE_HZ
from tests.helpers.scripts import Speaker, length, note, samples, silent

pytestmark = pytest.mark.anyio


@pytest.fixture
def virtual_time() -> bool:
    return False


async def test_parts_and_pauses_add_up_at_another_rate_and_speed() -> None:
    rate_hz = 11_025
    inside = "One two.<break time='333ms'/><prosody rate='80%'>Three four.</prosody>"
    pcm = await samples(inside, sample_rate=rate_hz, speed=1.25)
    ratio = rate_hz / SAMPLE_RATE_HZ
    first, pause = round(length("One two.") * ratio / 1.25), round(0.333 * rate_hz)
    assert len(pcm) == first + pause + round(length("Three four.") * ratio)
    assert silent(pcm[first : first + pause])


async def test_what_differs_in_a_speed_that_the_model_lacks_is_one_sequence() -> None:
    runner = Speaker()
    pcm = await samples("One two.<prosody rate='x-fast'>Four five.</prosody>", runner)
    assert runner.opened == [(1.0, 0.0)]
    assert len(pcm) == length("One two.") + length("Four five.") // 2


async def test_long_ssml_is_checked_and_spoken_as_short_one_is() -> None:
    inside = f"<s>One.</s><!-- {'long ' * 300} --><s>Two.</s>"
    assert len(await samples(inside)) == length("One.Two.")
    answer = await note(inside + "<prosody rate='500%'>a</prosody>")
    assert answer.refusal == (422, "bad_value")
