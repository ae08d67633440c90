"""Text written out and words said otherwise, over a real socket and over HTTP."""

import httpx
import pytest

from engine.runners.tone import SAMPLES_PER_CHAR
from protocol import messages as m
from tests.helpers.serving import Server
from tests.helpers.talking import opening, talking

pytestmark = pytest.mark.anyio

TEXT = "Dial 5 for K8s, 🙂 or **wait**."
SAID = "Dial five for Kubernetes, or wait."
RULES = {"normalize": True, "lexicon": {"k8s": "Kubernetes"}}


def assert_same(found: bytes, expected: bytes) -> None:
    # To say where so many bytes differ would take minutes.
    is_same = found == expected
    assert is_same


async def note(server: Server, **fields: object) -> bytes:
    async with httpx.AsyncClient(base_url=server.http_url, trust_env=False, timeout=20) as http:
        response = await http.post("/v1/notes", json={"format": "pcm", **fields})
    assert response.status_code == 200, response.text
    return response.content


async def test_what_is_written_out_sounds_as_if_it_had_been_written_so(espeak: Server) -> None:
    said = await note(espeak, text=SAID)
    plain = await note(espeak, text=TEXT)
    assert_same(await note(espeak, text=TEXT, **RULES), said)
    assert_same(await note(espeak, text=TEXT, normalize=False), plain)
    async with talking(espeak) as client:
        live = await client.speak(opening(1, **RULES), TEXT)
        assert_same(live.pcm, (await client.speak(opening(2), SAID)).pcm)


async def test_markers_are_not_read_out_by_a_model_that_cannot_act_them_out(espeak: Server) -> None:
    said = await note(espeak, text="You did well.")
    assert_same(await note(espeak, text="(excited) You did [happy] well."), said)


async def test_by_the_language_of_the_request(espeak: Server) -> None:
    said = await note(espeak, text="Um drei Euro und fünfzig Cent.", language="de")
    assert_same(await note(espeak, text="Um 3,50 €.", language="de", normalize=True), said)


@pytest.mark.parametrize(("samples_early", "heard"), [(1, 0), (0, len("abc"))])
async def test_what_was_heard_counts_the_characters_that_were_written(
    tone: Server, samples_early: int, heard: int
) -> None:
    saying = "a very long saying"
    async with talking(tone) as client:
        await client.send(
            opening(1, lexicon={"abc": saying}), m.Text(1, "abc and then more of it, with an end.")
        )
        while (mark := await client.expect(m.Mark)).start != len("abc "):
            pass
        assert mark.at == len(f"{saying} ") * SAMPLES_PER_CHAR
        while (await client.expect(m.Audio)).at < mark.at:
            pass
        await client.send(m.Cancel(1, played=mark.at - samples_early))
        assert (await client.expect(m.Cancelled)).heard == heard
