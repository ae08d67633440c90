"""S1 from a folder: said, served, and its licence shown."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile

from tests.helpers.command_line import run
from tests.helpers.serving import Server, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CHECKPOINT = Path(__file__).parents[1] / "golden" / "vectors" / "checkpoint"
FRAME = 2_048


@pytest.fixture(scope="module")
def s1() -> Iterator[Server]:
    with serving(str(CHECKPOINT)) as server:
        yield server


def test_a_text_is_said_and_the_licence_of_the_weights_shown(tmp_path: Path) -> None:
    file = tmp_path / "hello.wav"
    done = run("say", "Hello.", "--model", str(CHECKPOINT), "-o", str(file))
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"voxline: the weights are CC-BY-NC-SA-4.0\n"
    with soundfile.SoundFile(file) as sound:
        assert sound.samplerate == 44_100
        assert len(sound) > 0
        assert len(sound) % FRAME == 0


async def test_a_note_is_whole_frames(s1: Server) -> None:
    async with httpx.AsyncClient(base_url=s1.http_url, trust_env=False, timeout=60) as http:
        fields = {"text": "Hello.", "format": "pcm", "seed": 3}
        responses = [await http.post("/v1/notes", json=fields) for _ in range(2)]
        voices = (await http.get("/v1/voices")).json()
    assert {response.status_code for response in responses} == {200}
    assert len(responses[0].content) > 0
    assert len(responses[0].content) % (2 * FRAME) == 0
    assert responses[0].content == responses[1].content
    assert "default" in str(voices)
