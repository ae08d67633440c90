# ruff: noqa: INP001 a script of CI, in no package
"""Runs the programs of the client's page, as its installed wheel carries it: URL of the socket."""

import re
import subprocess
import sys
from importlib.metadata import metadata

URL = "ws://127.0.0.1:8080/ws/tts"
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(url: str) -> None:
    """Run every program in this folder, with the server at `url` in the place of the page's."""
    programs = _PROGRAM.findall(metadata("voxline-client").get_payload())
    if not programs:
        sys.exit("the wheel's page has no program")
    for program in programs:
        subprocess.run([sys.executable, "-c", program.replace(URL, url)], check=True)  # noqa: S603


if __name__ == "__main__":
    main(*sys.argv[1:])
