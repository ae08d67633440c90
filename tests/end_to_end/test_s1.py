"""S1 from a folder: said, served, in the voice of a recording, and its licence shown."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile

from tests.helpers.command_line import run
from tests.helpers.pages import command, run_here
from tests.helpers.recordings import recording
from tests.helpers.serving import Server, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CHECKPOINT = Path(__file__).parents[1] / "golden" / "vectors" / "checkpoint"
FRAME = 2_048


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def s1(data_dir: Path) -> Iterator[Server]:
    with serving(str(CHECKPOINT), "--data-dir", str(data_dir)) as server:
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


def test_a_voice_that_is_stored_as_the_readme_says_is_served_and_said(
    s1: Server, data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "anna.wav").write_bytes(recording())
    clone = run_here(command("clone"), s1)
    subprocess.run(clone, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    with httpx.Client(base_url=s1.http_url, trust_env=False, timeout=60) as http:
        fields = {"text": "Hello.", "format": "pcm", "seed": 3}
        drawn = http.post("/v1/notes", json=fields)
        note = http.post("/v1/notes", json=fields | {"voice": "anna"})
    assert (drawn.status_code, note.status_code) == (200, 200)
    assert note.content != drawn.content
    file = tmp_path / "hello.wav"
    arguments = ["say", "Hello.", "--model", str(CHECKPOINT), "--voice", "anna", "-o", str(file)]
    said = run(*arguments, VOXLINE_DATA_DIR=str(data_dir))
    assert said.returncode == 0, said.stderr
    with soundfile.SoundFile(file) as sound:
        assert len(sound) > 0


def test_a_voice_that_is_stored_in_fishs_words_as_the_page_says_is_spoken_with(
    s1: Server, tmp_path: Path
) -> None:
    (tmp_path / "anna.wav").write_bytes(recording())
    store = run_here(command("fishvoice", "server"), s1)
    stored = subprocess.run(store, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    voice = json.loads(stored.stdout)
    assert (voice["title"], voice["author"]["_id"]) == ("Anna B.", "voxline")
    with httpx.Client(base_url=s1.http_url, trust_env=False, timeout=60) as http:
        fields = {"text": "Hello.", "format": "pcm", "seed": 3}
        drawn = http.post("/v1/tts", json=fields)
        made = http.post("/v1/tts", json=fields | {"reference_id": voice["_id"]})
    assert (drawn.status_code, made.status_code) == (200, 200)
    assert made.content != drawn.content
