"""What a listener raises, and Ctrl-C, come out of the library's call: C would swallow both."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runners.espeak.library import SAMPLE_RATE_HZ, Library, WordEvent, load
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


@pytest.fixture
def library() -> Library:
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    library = load()
    library.configure("en-us", 175, 50, 50)
    return library


def listening(action: Callable[[], None], calls: list[int]) -> Callable[..., bool]:
    def listener(pcm: bytes, words: list[WordEvent]) -> bool:
        calls.append(len(pcm) + len(words))
        action()
        return False

    return listener


def stumble() -> None:
    raise Stumble


def spoken(library: Library, text: str) -> list[int]:
    calls: list[int] = []
    library.speak(text, end_pause=True, listener=listening(lambda: None, calls))
    return calls


def test_what_a_listener_raises_ends_the_speech_and_reaches_the_caller(library: Library) -> None:
    calls: list[int] = []
    with pytest.raises(Stumble):
        library.speak(LONG, end_pause=True, listener=listening(stumble, calls))
    assert len(calls) == 1
    assert spoken(library, "Hello.") == spoken(library, "Hello.")


def test_an_interrupt_while_the_library_works_reaches_the_caller(library: Library) -> None:
    # From another thread it arrives in the midst of the library's work, which holds no lock of
    # Python's; then Python looks at it at the start of the next callback.
    speaking = threading.Event()

    def interrupt() -> None:
        speaking.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        library.speak(LONG, end_pause=True, listener=listening(speaking.set, []))
    sender.join()
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_speaks_without_touching_the_handlers_of_signals(library: Library) -> None:
    calls: list[int] = []
    thread = threading.Thread(target=lambda: calls.extend(spoken(library, "Hello.")))
    thread.start()
    thread.join()
    assert calls == spoken(library, "Hello.")


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
