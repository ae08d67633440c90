"""Notes of SSML: every sample is accounted for, and what cannot be spoken is said before any."""

from dataclasses import replace

import anyio
import numpy as np
import pytest

from engine.errors import NormalizationMissing
from engine.runners.tone import SAMPLE_RATE_HZ, frequency_hz
from engine.steps import FinishReason, StepPlan, StepResult
from engine.text.normalization.steps import load
from protocol.messages import Limits
from tests.helpers.asgi import calling
from tests.helpers.asking import ask
from tests.helpers.scripts import Speaker, length, note, samples, silent
from tests.helpers.virtual_engine import STEP_S
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.test_notes import POST, post, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True, scope="module")
def rules() -> None:
    """Load the rules before anybody is served, as the server does: that reads files."""
    load()


async def test_a_break_is_silence_to_the_sample_between_what_is_spoken() -> None:
    pcm = await samples("One two.<break time='1.25s'/>Three four.<break time='3ms'/>Five.")
    first, pause = length("One two."), 5 * SAMPLE_RATE_HZ // 4
    second, short = length("Three four."), 3 * SAMPLE_RATE_HZ // 1000
    assert len(pcm) == first + pause + second + short + length("Five.")
    assert silent(pcm[first : first + pause])
    assert silent(pcm[first + pause + second :][:short])
    for at, size in ((0, first), (first + pause, second)):
        assert not silent(pcm[at:][:100])
        assert not silent(pcm[at + size - 100 :][:100])


async def test_silence_may_begin_and_end_a_note() -> None:
    pcm = await samples("<break time='1s'/>Hi.<break time='10s'/>")
    assert len(pcm) == 11 * SAMPLE_RATE_HZ + length("Hi.")
    assert silent(pcm[:SAMPLE_RATE_HZ])
    assert silent(pcm[-10 * SAMPLE_RATE_HZ :])


async def test_parts_and_pauses_add_up_at_another_rate() -> None:
    rate_hz = 11_025
    pcm = await samples("One two.<break time='333ms'/>Three.", sample_rate=rate_hz)
    first, second = (length(text) * rate_hz / SAMPLE_RATE_HZ for text in ("One two.", "Three."))
    pause = round(0.333 * rate_hz)
    assert len(pcm) == round(first) + pause + round(second)
    assert silent(pcm[round(first) : round(first) + pause])


async def test_what_differs_in_volume_is_one_sequence() -> None:
    runner = Speaker()
    pcm = await samples(
        "One two.<prosody volume='+6dB'>Three.</prosody><prosody volume='silent'>Six.</prosody>",
        runner,
    )
    assert runner.opened == [(1.0, 0.0)]
    one, three, six = map(length, ("One two.", "Three.", "Six."))
    assert len(pcm) == one + three + six
    assert pcm[one : one + three].max() == pytest.approx(2 * pcm[:one].max(), rel=0.01)
    assert abs(pcm[-six:]).max() < 10


async def test_a_speed_or_a_pitch_of_the_model_s_own_is_spoken_by_it_in_turn() -> None:
    runner = Speaker(speed_range=(0.5, 2.0))
    inside = "One.<prosody rate='fast'>Two.</prosody><prosody pitch='+12st'>Three.</prosody>Four."
    pcm = await samples(inside, runner, speed=0.8, pitch=-2)
    assert runner.opened == [
        (0.8, -2.0), (pytest.approx(1.2), -2.0), (0.8, 10.0), (0.8, -2.0),
    ]  # fmt: skip
    assert len(pcm) == length("One.Two.Three.Four.")
    # Its third sequence, of which whole cycles are spoken.
    third = pcm[length("One.Two.") :][: length("Three.")]
    spectrum = np.abs(np.fft.rfft(third))
    assert spectrum.argmax() * SAMPLE_RATE_HZ / len(third) == frequency_hz(3, 10.0)


class Quitter(Speaker):
    """Gives each segment up with its first row."""

    def run(self, plan: StepPlan) -> StepResult:
        rows = super().run(plan).rows
        return StepResult(tuple(replace(row, gave_up=FinishReason.LENGTH) for row in rows))


async def test_where_the_model_gives_up_the_note_ends_as_one_of_plain_text_does() -> None:
    inside = "One two.<break time='5s'/><prosody pitch='high'>Three.</prosody>"
    pcm = await samples(inside, Quitter())
    assert 0 < len(pcm) < length("One two.")


async def test_a_model_that_speaks_in_one_pitch_says_where_another_one_is_asked() -> None:
    answer = await note("Hi.\n<prosody pitch='high'>there.</prosody>", Speaker(pitch=0.0))
    assert answer.refusal == (422, "unsupported")
    assert "line 2, column 1: pitch of tone can be 0 to 0" in answer.fields["detail"]


async def test_lines_are_broken_wherever_the_writer_liked() -> None:
    runner = Speaker()
    await samples("\n  <s>One\n  two.</s>\n\t<s>Three.</s>\n", runner)
    assert runner.spoken == ["One two.", "Three."]


@pytest.mark.parametrize(
    ("inside", "fields", "said"),
    [
        ("a <sub alias='World Wide Web'>WWW</sub>!", {}, "a World Wide Web!"),
        (
            "Call <say-as interpret-as='telephone'>+49</say-as>.",
            {},
            "Call plus four nine.",
        ),
        ("<say-as interpret-as='ordinal'>3</say-as> time", {"language": "en"}, "third time"),
        ("In <sub alias='K8s'>x</sub>", {"lexicon": {"K8s": "Kubernetes"}}, "In Kubernetes"),
        ("In <sub alias='$5'>x</sub>", {"normalize": True}, "In five dollars"),
    ],
)
async def test_what_is_meant_is_what_is_spoken(
    inside: str, fields: dict[str, object], said: str
) -> None:
    runner = Speaker()
    assert len(await samples(inside, runner, **fields)) == length(said)
    assert runner.spoken == [said]


@pytest.mark.parametrize(
    ("inside", "refusal", "detail"),
    [
        ("a<voice>b</voice>", (422, "bad_value"), "ssml: line 1, column 9: <voice> is none of"),
        ("<say-as interpret-as='date'>soon</say-as>", (422, "bad_value"), "column 8: interpret-as"),
        ("<say-as interpret-as='x'>1</say-as>", (422, "bad_value"), "must be one of cardinal"),
        ("<prosody rate='500%'>a</prosody>", (422, "bad_value"), "column 8: speed must be 0.25"),
        ("<prosody volume='+30dB'>a</prosody>", (422, "bad_value"), "column 8: volume_db must"),
        ("a" * 20_000, (413, "text_too_long"), "ssml has 20015 characters of 20000"),
    ],
)
async def test_what_cannot_be_spoken_is_said_with_its_place(
    inside: str, refusal: tuple[int, str], detail: str
) -> None:
    answer = await note(inside)
    assert answer.refusal == refusal
    assert detail in answer.fields["detail"]


async def test_what_is_said_of_it_may_not_be_longer_than_a_text() -> None:
    ssml = f"<speak><say-as interpret-as='digits'>{'7' * 40}</say-as></speak>"
    async with serving(VirtualEngineThread(), Limits(max_text_chars=len(ssml))) as app:
        answer = await ask(app, "POST", "/v1/notes", {"ssml": ssml})
    assert answer.refusal == (413, "text_too_long")


@pytest.mark.parametrize("fields", [{"text": "a", "ssml": "<speak>a</speak>"}, {}])
async def test_a_note_has_a_text_or_ssml(fields: dict[str, object]) -> None:
    async with serving(VirtualEngineThread()) as app:
        assert (await ask(app, "POST", "/v1/notes", fields)).refusal == (422, "bad_value")


async def test_the_language_of_the_document_chooses_the_rules_unless_the_request_does() -> None:
    async def refused(tag: str, **fields: object) -> tuple[int, str]:
        ssml = f"<speak xml:lang='{tag}'><say-as interpret-as='digits'>1</say-as></speak>"
        async with serving(VirtualEngineThread()) as app:
            answer = await ask(app, "POST", "/v1/notes", {"ssml": ssml, **fields})
        return (200, "") if answer.status == 200 else answer.refusal

    assert await refused("en-GB") == (200, "")
    # The tone speaks English alone.
    assert await refused("de") == (404, "unknown_voice")
    assert await refused("de", language="en") == (200, "")
    assert await refused("1") == (422, "bad_value")


async def test_without_libraries_that_write_out_what_needs_them_is_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> str:
        raise NormalizationMissing

    monkeypatch.setattr("server.notes.passages.say_as", missing)
    answer = await note("<say-as interpret-as='digits'>1</say-as>")
    assert answer.refusal == (422, "unsupported")
    assert "line 1, column 8" in answer.fields["detail"]
    assert (await note("<sub alias='b'>a</sub>")).status == 200


async def test_nobody_takes_the_place_of_a_note_between_two_of_its_sequences() -> None:
    inside = "".join(f"One two.<prosody pitch='+{n}st'>three.</prosody>" for n in range(1, 5))
    engine = VirtualEngineThread(Speaker(), max_notes=1)
    refused = 0
    async with serving(engine) as app, anyio.create_task_group() as tasks:

        async def rush() -> None:
            nonlocal refused
            while True:
                answer = await ask(app, "POST", "/v1/notes", {"text": "Me!"})
                refused += answer.refusal == (503, "overloaded")
                await anyio.sleep(STEP_S / 3)

        async with calling(app, POST) as call:
            post(call, text=None, ssml=f"<speak>{inside}</speak>", format="pcm")
            tasks.start_soon(rush)
            body, more = b"", True
            assert (await call.get())["status"] == 200
            while more:
                part = await call.get()
                body, more = body + part["body"], part.get("more_body", False)
            tasks.cancel_scope.cancel()
    assert len(body) == 2 * 4 * length("One two.three.")
    assert refused > 4


async def test_whoever_leaves_frees_the_place_within_a_step() -> None:
    engine = VirtualEngineThread()
    async with serving(engine) as app:
        async with calling(app, POST) as call:
            words = "<s>Some words.</s>" * 50
            post(call, text=None, ssml=f"<speak>{words}<break time='10s'/></speak>")
            await call.get()
            await anyio.sleep(STEP_S / 2)
            call.put(type="http.disconnect")
        await anyio.sleep(2 * STEP_S)
        assert engine.scheduler.num_sequences == 0
