"""The page and the example tell the truth."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.pages import ADDRESS, blocks, command, run_here
from tests.helpers.serving import ROOT, Server
from tests.test_readme import assert_speech

FOLDER = "protocol/integrations"
PAGE = ROOT / FOLDER / "README.md"


def test_every_block_of_the_page_is_run_below() -> None:
    assert [block.language for block in blocks(PAGE)] == ["python", "text", "bash"]


def test_the_program_of_the_page_runs_under_the_name_of_the_wheel(tmp_path: Path) -> None:
    (program,) = (block for block in blocks(PAGE) if block.language == "python")
    (tmp_path / "voxline_client").symlink_to(ROOT / "protocol")
    subprocess.run([sys.executable, "-c", program.code], cwd=tmp_path, check=True, timeout=60)


def test_the_agent_of_the_example_remembers_of_its_interrupted_reply_what_was_heard(
    espeak: Server, tmp_path: Path
) -> None:
    shell = run_here(command("agent", FOLDER), espeak)
    done = subprocess.run(
        shell,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert_speech(tmp_path / "agent.wav")
    heard = re.findall(r"^heard: '(.*?) ?'$", done.stdout, re.MULTILINE)
    remembered = re.findall(r"^assistant: (.*)$", done.stdout, re.MULTILINE)
    assert len(heard) == len(remembered) == 2
    assert remembered[0].startswith(heard[0])
    assert remembered[1] == heard[1]


def test_an_example_without_its_url_shows_its_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.pipecat_agent"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "usage: python -m examples.pipecat_agent ws://" in done.stderr


@pytest.mark.parametrize(
    "word", [
        "Pipecat 1.14", "pip install", "Pipeline([", "authors of Voxline", "Apache-2.0",
        "CHANGELOG.md", ADDRESS,
    ],
)  # fmt: skip
def test_the_page_says_what_pipecat_asks_of_its_integrations(word: str) -> None:
    assert word in PAGE.read_text(encoding="utf-8")


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", PAGE.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_the_examples_have_a_page_with_the_same_command() -> None:
    assert command("pipecat", "examples") == command("agent", FOLDER)
