"""README files tell the truth: every block that could be run is run by something."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.helpers.pages import ADDRESS, Block, blocks, command, run_here
from tests.helpers.serving import ROOT, Server, serving

READMES = sorted([ROOT / "README.md", *ROOT.glob("*/README.md")])
#: Languages of blocks that nobody can run.
PROSE = {"", "text", "mermaid"}
#: Blocks of shell that `.ci/run` executes.
RUN_BY_CI = {"prepare", "speak", "test"}
#: Blocks of shell that tests below execute, against a server on a free port.
RUN_HERE = {"serve", "call", "note", "openai", "telephone"}
#: Blocks of shell that `tests/end_to_end/test_s1.py` executes: not every model clones.
RUN_WITH_S1 = {"clone", "fishvoice"}
#: Blocks of shell that `tests/loadtest/` executes, with arguments that scale them down.
RUN_BY_LOADTEST = {
    *("say", "host", "paced", "openloop", "locust"),
    *("durable", "embedded", "rates", "beside", "memory"),
}
#: Blocks of shell that `tests/test_examples.py` executes; `tests/clients/` those for LiveKit, and
#: `tests/integrations/pipecat/` those for Pipecat.
RUN_BY_EXAMPLES = {"interrupt", "echo", "curl", "livekit", "pipecat"}
RUN = RUN_BY_CI | RUN_HERE | RUN_WITH_S1 | RUN_BY_LOADTEST | RUN_BY_EXAMPLES
#: Of full scale; speech is ten times as loud.
AUDIBLE = 0.01
#: Files without a header, by their endings.
RAW: dict[str, dict[str, Any]] = {
    ".mulaw": {"format": "RAW", "subtype": "ULAW", "samplerate": 8000, "channels": 1}
}

#: How a command for a shell begins that calls itself prose.
_SHELL = re.compile(r"^\s*(\$|\S*bin/|(python3?|pip|voxline|locust|curl|pytest)\s)", re.MULTILINE)


def programs() -> list[Block]:
    """Return the blocks of Python, of every page, all of which are executed below."""
    return [block for page in READMES for block in blocks(page) if block.language == "python"]


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_is_prose_or_executed(readme: Path) -> None:
    assert readme.read_text(encoding="utf-8").count("```") == 2 * len(blocks(readme))
    for block in blocks(readme):
        assert (
            (block.language in PROSE and not _SHELL.search(block.code))
            or (block.language == "bash" and block.name in RUN)
            or (block.language == "python" and block in programs())
        )


@pytest.mark.parametrize("name", sorted(RUN_BY_CI))
def test_ci_runs_the_command_that_the_readme_shows(name: str) -> None:
    extracted = subprocess.run(
        [ROOT / ".ci" / "readme_command", name], check=True, capture_output=True, text=True
    )
    assert extracted.stdout.strip() == command(name)


def test_a_command_the_readme_lacks_is_an_error() -> None:
    missing = subprocess.run(
        [ROOT / ".ci" / "readme_command", "absent"], check=False, capture_output=True
    )
    assert missing.returncode != 0


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in [*READMES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("espeak", "--data-dir", str(tmp_path_factory.mktemp("data"))) as server:
        yield server


def run_shell(shell_command: str, server: Server, folder: Path) -> None:
    """Run a command of the README in `folder`."""
    subprocess.run(run_here(shell_command, server), cwd=folder, check=True, timeout=60)


def assert_speech(path: Path) -> None:
    with soundfile.SoundFile(path, **RAW.get(path.suffix, {})) as file:
        # The header of a streamed file claims the longest file there is.
        file.seekable = lambda: False
        pcm = file.read(60 * file.samplerate)
        assert len(pcm) > file.samplerate / 2
    assert np.sqrt(np.mean(np.square(pcm))) > AUDIBLE


def test_serve_is_the_command_of_the_server_that_these_tests_start() -> None:
    assert command("serve") == ".venv/bin/voxline serve"


@pytest.mark.parametrize("name", ["call", "note", "openai"])
def test_a_command_that_speaks_through_the_server_makes_a_file_of_speech(
    name: str, server: Server, tmp_path: Path
) -> None:
    run_shell(command(name), server, tmp_path)
    assert_speech(tmp_path / "hello.wav")


def test_a_note_for_a_telephone_is_speech(server: Server, tmp_path: Path) -> None:
    run_shell(command("telephone", "server"), server, tmp_path)
    assert_speech(tmp_path / "hello.mulaw")


def test_what_the_speak_command_runs_in_the_end_makes_a_file_of_speech(
    server: Server, tmp_path: Path
) -> None:
    last = command("speak").split("&&")[-1]
    run_shell(last, server, tmp_path)
    assert_speech(tmp_path / "hello.wav")


@pytest.mark.parametrize("program", programs(), ids=lambda block: f"{len(block.code)} characters")
def test_a_program_of_a_readme_makes_a_file_of_speech(
    program: Block, server: Server, tmp_path: Path
) -> None:
    code = program.code.replace(ADDRESS, f"{server.host}:{server.port}")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    (path,) = tmp_path.glob("hello.*")
    assert_speech(path)
