"""What a listener raises comes out of the library's call, where C would swallow it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runners.espeak.library import SAMPLE_RATE_HZ, Library, WordEvent
from tests.helpers.serving import ROOT

#: A process has one binding, so another one takes another process.
SPEAK = """
import sys
from engine.runners.espeak.library import Library
library, heard = Library(*sys.argv[1:]), bytearray()
library.configure("en-us", 175, 50, 50)
library.speak("Hello there.", end_pause=True, listener=lambda pcm, _: heard.extend(pcm) or False)
print(len(heard))
"""
LONG = "The quick brown fox jumps over the lazy dog. " * 200


class Stumble(Exception):
    """Raised by a listener."""


def spoken(library: Library, text: str, action: Callable[[], None] = lambda: None) -> list[int]:
    """Return what a listener that does `action` hears in each of its calls."""
    calls: list[int] = []

    def listener(pcm: bytes, words: list[WordEvent]) -> bool:
        calls.append(len(pcm) + len(words))
        action()
        return False

    library.configure("en-us", 175, 50, 50)
    library.speak(text, end_pause=True, listener=listener)
    return calls


def test_what_a_listener_raises_ends_the_speech_and_reaches_the_caller(library: Library) -> None:
    calls: list[int] = []

    def stumble() -> None:
        calls.append(1)
        raise Stumble

    with pytest.raises(Stumble):
        spoken(library, LONG, stumble)
    assert len(calls) == 1
    assert spoken(library, "Hello.") == spoken(library, "Hello.")


@pytest.mark.parametrize("length", [159, 160, 1_000])
def test_its_data_may_lie_as_deep_as_a_clone_does(length: int, tmp_path: Path) -> None:
    loader = pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    folders = ("x" * 99 + "/") * (length // 100 + 1)
    data = Path(f"{tmp_path}/{folders}"[: length - 1] + "x")
    data.parent.mkdir(parents=True, exist_ok=True)
    data.symlink_to(loader.get_data_path(), target_is_directory=True)
    command = [sys.executable, "-c", SPEAK, loader.get_library_path(), str(data)]
    said = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert int(said.stdout) > SAMPLE_RATE_HZ
