"""VITS from a folder and from the Hub: said, served, and its licence shown."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile

from tests.engine.vits.tiny import write_checkpoint
from tests.helpers.command_line import run
from tests.helpers.fake_hub import REPOSITORY, serving_hub
from tests.helpers.serving import Server, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_checkpoint(
        tmp_path_factory.mktemp("checkpoint"), num_speakers=2, speaker_embedding_size=4
    )
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    return folder


@pytest.fixture(scope="module")
def vits(checkpoint: Path) -> Iterator[Server]:
    with serving(str(checkpoint)) as server:
        yield server


def test_a_checkpoint_of_the_hub_is_said_and_its_licence_shown(
    checkpoint: Path, tmp_path: Path
) -> None:
    file = tmp_path / "hello.wav"
    with serving_hub(checkpoint) as hub:
        done = run(
            "say", "Hello.", "--model", REPOSITORY, "-o", str(file),
            HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "cache"),
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.splitlines()[-1] == b"voxline: the weights are cc-by-nc-4.0"
    with soundfile.SoundFile(file) as sound:
        assert sound.samplerate == 8_000
        assert len(sound) > 0


async def test_a_seed_and_a_speaker_decide_what_a_note_is(vits: Server) -> None:
    async with httpx.AsyncClient(base_url=vits.http_url, trust_env=False, timeout=60) as http:
        fields = {"text": "Hello.", "format": "pcm", "seed": 3, "voice": "1"}
        requests = [fields, fields, fields | {"voice": "0"}, fields | {"seed": 4}]
        responses = [await http.post("/v1/notes", json=request) for request in requests]
    assert {response.status_code for response in responses} == {200}
    first, again, *others = (response.content for response in responses)
    assert first == again
    assert len({first, *others}) == 3
