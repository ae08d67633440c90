"""The client as a wheel of its own: its page tells the truth, and it asks for what it imports."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol import client
from tests.helpers.pages import ADDRESS, Block, blocks
from tests.helpers.serving import Server, serving
from tests.test_readme import assert_speech

FOLDER = Path(client.__file__).parent.parent
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGE = FOLDER / PROJECT["readme"]
#: The name of the package in the wheel.
NAME = "voxline_client"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("espeak") as server:
        yield server


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports from outside of its package."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).split(".")[0])
    return names - sys.stdlib_module_names


def names(requirements: list[str]) -> set[str]:
    """Return what requirements are imported as."""
    found = {re.split(r"[<>=~]", name)[0].replace("-", "_") for name in requirements}
    return {name.removesuffix("_ai") for name in found}


def test_the_wheel_asks_for_what_it_imports_and_for_nothing_else() -> None:
    framework = [*FOLDER.glob("integrations/*/*.py")]
    plain = set(FOLDER.rglob("*.py")) - set(framework)
    assert names(PROJECT["dependencies"]) == set().union(*map(imported, plain))


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_an_extra_is_what_the_folder_of_its_name_imports(extra: str) -> None:
    folder = FOLDER / "integrations" / extra
    needed = set().union(*map(imported, folder.glob("*.py")))
    assert names(PROJECT["optional-dependencies"][extra]) == needed


def test_every_block_of_the_page_is_a_program() -> None:
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * len(blocks(PAGE)) > 0
    assert {block.language for block in blocks(PAGE)} == {"python"}


def test_the_page_stands_alone() -> None:
    # An index shows it without the repository around it.
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"\]\((?!https?://)[^)]*\)", text) == []
    assert not re.search(r"\b(from|import) protocol\b", text)


def test_the_page_names_every_error() -> None:
    errors = {name for name in client.__all__ if isinstance(getattr(client, name), type)}
    errors = {name for name in errors if issubclass(getattr(client, name), client.ClientError)}
    assert errors <= set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))


@pytest.mark.slow
@pytest.mark.parametrize("program", blocks(PAGE), ids=lambda block: f"{len(block.code)} characters")
def test_a_program_of_the_page_makes_a_file_of_speech_under_the_name_of_the_wheel(
    program: Block, server: Server, tmp_path: Path
) -> None:
    (tmp_path / NAME).symlink_to(FOLDER)
    subprocess.run(
        [sys.executable, "-c", program.code.replace(ADDRESS, f"{server.host}:{server.port}")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=True,
        timeout=60,
    )
    (path,) = tmp_path.glob("hello.*")
    assert_speech(path)
