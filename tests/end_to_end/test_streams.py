"""Streams over a real socket: audio, credit, cancels, flushes and marks."""

import numpy as np
import pytest

from engine.runners.tone import AMPLITUDE, NUM_PITCHES, frequency_hz
from protocol import messages as m
from tests.helpers.serving import Server
from tests.helpers.talking import Heard, opening, talking

pytestmark = pytest.mark.anyio

TEXTS = [
    "The first caller asks for the opening hours of the shop.",
    "Please hold the line, somebody will be with you soon.",
    "Your parcel left the depot this morning at nine.",
    "No, I said Tuesday, not Thursday.",
    "Thank you for calling, and have a pleasant evening.",
]


async def test_five_streams_at_once_sound_as_each_does_alone(espeak: Server) -> None:
    async with talking(espeak) as client:
        alone = [
            (await client.speak(opening(number), text)).pcm for number, text in enumerate(TEXTS, 1)
        ]
        numbers = range(11, 11 + len(TEXTS))
        for number, text in zip(numbers, TEXTS, strict=True):
            await client.send(opening(number), m.Text(number, text), m.End(number))
        together = await client.finish(*numbers)
    assert all(isinstance(heard.end, m.Done) for heard in together)
    assert [heard.pcm for heard in together] == alone


async def test_five_streams_at_once_never_mix(tone: Server) -> None:
    """Each is one pure sine throughout, and no two have the same pitch."""
    async with talking(tone) as client:
        for number, text in enumerate(TEXTS, 1):
            await client.send(opening(number), m.Text(number, text), m.End(number))
        together = await client.finish(*range(1, len(TEXTS) + 1))
    pitches = [_semitones(heard) for heard in together]
    assert len(set(pitches)) == len(TEXTS)


def _semitones(heard: Heard) -> int:
    index = np.arange(heard.samples) * (2 * np.pi / heard.sample_rate)
    pcm = np.frombuffer(heard.pcm, "<i2")
    matching = [
        semitones
        for semitones in range(NUM_PITCHES)
        if np.abs(np.sin(index * frequency_hz(semitones)) * AMPLITUDE - pcm).max() < 1
    ]
    (semitones,) = matching
    return semitones


async def test_credit_is_a_wall(tone: Server) -> None:
    async with talking(tone) as client:
        await client.send(opening(1, credit=3_001), m.Text(1, "x" * 40), m.End(1))
        blocked = await client.expect(m.Blocked)
        assert blocked.at == client.heard[1].samples == 3_001
        await client.send(m.Credit(1, 2_000), m.Credit(1, 3_001))
        await client.settle()
        assert client.heard[1].samples == 3_001
        assert len(client.heard[1].of(m.Blocked)) == 1
        await client.send(m.Credit(1, 5_000))
        assert (await client.expect(m.Blocked)).at == client.heard[1].samples == 5_000
        await client.send(m.Credit(1, 40 * 1_600))
        (heard,) = await client.finish(1)
        assert heard.end == m.Done(1, 40 * 1_600, "end")


async def test_a_hundred_cancels_in_mid_sentence_each_leave_silence(tone: Server) -> None:
    async with talking(tone) as client:
        for number in range(1, 101):
            await client.send(opening(number, credit=48_000), m.Text(number, "word " * 100))
            await client.expect(m.Audio)
            await client.send(m.Cancel(number))
            assert (await client.expect(m.Cancelled)).stream == number
        # Audio after `cancelled` would break the client's protocol in here.
        heard = await client.speak(opening(101), "Still here.")
        assert heard.samples == len("Still here.") * 1_600
        assert all(isinstance(client.heard[number].end, m.Cancelled) for number in range(1, 101))


async def test_a_cancel_says_what_was_sent_and_heard(espeak: Server) -> None:
    async with talking(espeak) as client:
        await client.send(opening(1, credit=20_000), m.Text(1, TEXTS[0] + " " + TEXTS[1]))
        await client.expect(m.Blocked)
        marks = [mark for mark in client.heard[1].of(m.Mark) if mark.unit == "word"]
        await client.send(m.Cancel(1, played=marks[2].at))
        cancelled = await client.expect(m.Cancelled)
        assert cancelled.samples == 20_000
        assert cancelled.heard == marks[1].end


async def test_flushes_are_answered_in_order_where_their_audio_ends(tone: Server) -> None:
    async with talking(tone) as client:
        await client.send(opening(1), m.Text(1, "one two"), m.Flush(1, "a"), m.Flush(1, 7))
        await client.send(m.Text(1, "three"), m.Flush(1), m.End(1))
        (heard,) = await client.finish(1)
        first, second = len("one two") * 1_600, (len("one two") + len("three")) * 1_600
        assert heard.of(m.Flushed) == [
            m.Flushed(1, "a", first),
            m.Flushed(1, 7, first),
            m.Flushed(1, None, second),
        ]
        assert heard.end == m.Done(1, second, "end")


async def test_word_marks_name_the_words(espeak: Server) -> None:
    text = TEXTS[0] + " " + TEXTS[3]
    async with talking(espeak) as client:
        heard = await client.speak(opening(1), text)
    words = [mark for mark in heard.of(m.Mark) if mark.unit == "word"]
    assert [text[mark.start : mark.end].strip(".,") for mark in words] == [
        word.strip(".,") for word in text.split()
    ]
    assert [mark.at for mark in words] == sorted(mark.at for mark in words)
    assert any(mark.unit == "segment" for mark in heard.of(m.Mark))


async def test_no_text_is_done_without_samples(tone: Server) -> None:
    async with talking(tone) as client:
        heard = await client.speak(opening(1))
        assert heard.end == m.Done(1, 0, "end")


async def test_text_word_by_word_sounds_as_the_whole(espeak: Server) -> None:
    async with talking(espeak) as client:
        whole = await client.speak(opening(1), TEXTS[4])
        words = TEXTS[4].split(" ")
        parts = await client.speak(opening(2), *(f"{word} " for word in words[:-1]), words[-1])
    assert parts.pcm == whole.pcm


@pytest.mark.parametrize("rate", [8_000, 48_000])
async def test_the_sample_rate_is_the_clients(tone: Server, rate: int) -> None:
    async with talking(tone) as client:
        heard = await client.speak(opening(1, sample_rate=rate), "x" * 30)
    assert heard.sample_rate == rate
    assert heard.samples == 2 * rate


@pytest.mark.parametrize("model", ["tone", "espeak"])
async def test_twice_the_speed_is_half_the_samples(
    model: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(model)
    async with talking(server) as client:
        plain = await client.speak(opening(1), TEXTS[0])
        fast = await client.speak(opening(2, speed=2.0), TEXTS[0])
    assert fast.samples == pytest.approx(plain.samples / 2, rel=0.1)
