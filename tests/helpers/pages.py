"""The fenced blocks of our pages, and their commands as they are run here."""

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.serving import ROOT, Server

#: Where the server of the pages listens.
ADDRESS = "127.0.0.1:8080"

_BLOCK = re.compile(
    r"(?:^<!-- command: (?P<name>\w+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the name that the comment before it gives."""

    name: str | None
    language: str
    code: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(**match.groupdict()) for match in _BLOCK.finditer(text)]


def command(name: str, folder: str = ".") -> str:
    """Return the command of that name on the page of `folder`."""
    page = ROOT / folder / "README.md"
    (found,) = [block for block in blocks(page) if block.name == name]
    return found.code.strip()


def run_here(shell_command: str, server: Server | None = None) -> list[str]:
    """Return what runs it, with our environment and our server in the place of the page's."""
    environment = shlex.quote(str(Path(sys.executable).parent))
    here = shell_command.replace(".venv/bin", environment)
    if server is not None:
        here = here.replace(ADDRESS, f"{server.host}:{server.port}")
    return ["bash", "-c", here]
