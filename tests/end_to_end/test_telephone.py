"""What a telephone line carries, over a real socket: G.711, counted in samples as all else is."""

import msgpack
import numpy as np
import pytest

from protocol import messages as m
from protocol.codes import ErrorCode
from protocol.encodings import G711_RATE_HZ, EncodingName
from server.audio.g711 import alaw, mulaw
from tests.helpers.serving import Server
from tests.helpers.talking import opening, talking

pytestmark = pytest.mark.anyio

TEXT = "Your parcel left the depot this morning at nine."
LAWS = {"mulaw": mulaw, "alaw": alaw}
#: In the middle of the text.
HEARD_S = 2

both_laws = pytest.mark.parametrize("encoding", LAWS)


@both_laws
async def test_a_telephone_hears_the_stream_of_8_khz_companded_and_its_marks(
    espeak: Server, encoding: EncodingName
) -> None:
    async with talking(espeak) as client:
        heard = await client.speak(opening(1, encoding=encoding), TEXT)
        plain = await client.speak(opening(2, sample_rate=G711_RATE_HZ), TEXT)
    assert heard.sample_rate == G711_RATE_HZ
    assert heard.samples == plain.samples
    assert heard.pcm == LAWS[encoding](np.frombuffer(plain.pcm, "<i2"))
    marks = [(mark.at, mark.start, mark.end, mark.unit) for mark in heard.of(m.Mark)]
    assert marks == [(mark.at, mark.start, mark.end, mark.unit) for mark in plain.of(m.Mark)] != []


@pytest.mark.parametrize("credit", [3_001, None])
@both_laws
async def test_credit_for_a_telephone_is_a_wall_of_samples(
    tone: Server, encoding: EncodingName, credit: int | None
) -> None:
    granted = 2 * G711_RATE_HZ if credit is None else credit
    async with talking(tone) as client:
        text = m.Text(1, "x" * 100)
        await client.send(m.Open(1, encoding=encoding, credit=credit), text, m.End(1))
        blocked = await client.expect(m.Blocked)
        assert blocked.at == len(client.heard[1].pcm) == granted
        await client.send(m.Credit(1, granted + 500))
        assert (await client.expect(m.Blocked)).at == len(client.heard[1].pcm) == granted + 500


async def test_a_telephone_that_is_interrupted_has_heard_as_much_in_any_encoding(
    espeak: Server,
) -> None:
    played, answers = HEARD_S * G711_RATE_HZ, []
    async with talking(espeak) as client:
        for number, encoding in enumerate(("pcm16", *LAWS), 1):
            fields = {"encoding": encoding, "sample_rate": G711_RATE_HZ, "credit": played}
            await client.send(opening(number, **fields), m.Text(number, TEXT), m.End(number))
            await client.expect(m.Blocked)
            await client.send(m.Cancel(number, played))
            answers.append(await client.expect(m.Cancelled))
    assert {answer.samples for answer in answers} == {played}
    (heard,) = {answer.heard for answer in answers}
    assert heard is not None
    assert 0 < heard < len(TEXT)


@pytest.mark.parametrize(
    "fields", [{"encoding": "g722"}, {"encoding": "mulaw", "sample_rate": 24_000}], ids=str
)
async def test_what_no_telephone_plays_is_an_error_of_its_stream_and_of_no_other(
    tone: Server, fields: dict[str, object]
) -> None:
    async with talking(tone) as client:
        error = await client.answer(msgpack.packb({"type": "open", "stream": 1} | fields))
        assert (error.stream, error.code) == (1, ErrorCode.BAD_VALUE)
        assert (await client.speak(opening(2), "x")).samples > 0
