"""A text that crashes the library fails its own row, and nobody else notices."""

import logging
import os
import random
import select
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineFailed
from engine.runners.espeak.runner import EspeakRunner
from engine.steps import Row, StepPlan
from tests.engine.espeak.speaking import Spoken, admit, prefill, say
from tests.helpers.serving import ROOT

HEALTHY = "The quick brown fox jumps over the lazy dog."
UNSPEAKABLE = "eSpeak NG cannot speak this text"
#: Each ends a process whose library is that of espeakng-loader 0.2.4.
DEADLY = [
    *((voice, "`") for voice in ("vi", "vi-vn-x-central", "vi-vn-x-south")),
    ("vi-vn-x-south", "{-m"),
    *((voice, "\u28ff") for voice in ("ar", "fi", "mto", "ti", "tn")),
    *(("ti", text) for text in ("\u28de", "\u28f7", "\u28fc")),
    *((voice, "\u24dc") for voice in ("am", "bn", "gu", "kn", "ml", "mr", "my", "ne", "pa", "te")),
    ("my", "\u24c2\u24c2"),
]
#: Far longer than a process takes to end: only one that does not gets there.
ENDING_S = 20.0

SPEAK_UNTIL_KILLED = """
from pathlib import Path
from engine.runners.espeak.runner import EspeakRunner
from tests.engine.espeak.speaking import say
runner = EspeakRunner()
say(runner, "Hello.")
pid = runner._child.pid
print(pid, Path(f"/proc/{pid}/task/{pid}/children").read_text(), flush=True)
input()
"""

HANG = """
import signal, socket
from engine.runners.espeak import wire, zygote
class Endless:
    def configure(self, *manner): pass
    def speak(self, text, *, end_pause, listener): signal.pause()
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
question = wire.Question(wire.Manner("en-us", 175, 50, 50), "Hello.", True, [(0, 5)], False)
ours.send(wire.pack(b"Q", 1, wire.encode(question)))
assert not zygote._speaker_ended_well(Endless(), theirs)
"""


def processes(runner: EspeakRunner) -> tuple[int, int]:
    """Return the ids of the zygote and of its speaker, which has spoken."""
    say(runner, "Hello.")
    zygote = runner._child.pid
    (speaker,) = children(zygote)
    return zygote, speaker


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(("voice", "text"), DEADLY, ids=ascii)
def test_a_deadly_text_fails_alone(runner: EspeakRunner, voice: str, text: str) -> None:
    alone = say(runner, HEALTHY).pcm
    admit(runner, 1, voice=voice)
    admit(runner, 2)
    runner.run(StepPlan(prefills=(prefill(1, text), prefill(2, HEALTHY))))
    healthy, deadly = Spoken(), Spoken()
    while not (deadly.is_done and healthy.is_done):
        rows = tuple(Row(slot, 8) for slot, one in ((1, deadly), (2, healthy)) if not one.is_done)
        for row in runner.run(StepPlan(rows=rows)).rows:
            (deadly if row.slot == 1 else healthy).rows.append(row)
    assert deadly.rows[-1].error == UNSPEAKABLE
    assert np.array_equal(healthy.pcm, alone)
    assert say(runner, HEALTHY, voice=voice).rows[-1].error is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_said_in_whatever_language_the_others_go_on(
    runner: EspeakRunner, seed: int
) -> None:
    draw = random.Random(seed)
    alone = say(runner, HEALTHY).pcm
    voices = [voice.id for voice in runner.info.voices]
    for _ in range(40):
        text = "".join(chr(draw.randrange(0x20, 0x3000)) for _ in range(20))
        assert say(runner, text, voice=draw.choice(voices)).rows[-1].error in (None, UNSPEAKABLE)
    assert np.array_equal(say(runner, HEALTHY).pcm, alone)


def test_a_crash_is_logged_without_the_text(
    runner: EspeakRunner, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    assert say(runner, "secret \u28ff", voice="ar").rows[-1].error == UNSPEAKABLE
    assert "crashed" in caplog.text
    assert "secret" not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_speaker_that_is_killed_between_two_texts_costs_none_of_them(
    runner: EspeakRunner,
) -> None:
    before = say(runner, HEALTHY).pcm
    zygote, speaker = processes(runner)
    for _ in range(3):
        os.kill(speaker, signal.SIGKILL)
        while children(zygote) in ([], [speaker]):
            pass
        (speaker,) = children(zygote)
    assert np.array_equal(say(runner, HEALTHY).pcm, before)


def test_what_is_known_to_be_deadly_is_not_tried_again(runner: EspeakRunner) -> None:
    for _ in range(2):
        assert say(runner, "\u28ff", voice="ar").rows[-1].error == UNSPEAKABLE
        speaker = processes(runner)[1]
    assert processes(runner)[1] == speaker
    assert say(runner, "\u28ff", voice="ar").rows[-1].error == UNSPEAKABLE
    assert processes(runner)[1] == speaker


@pytest.mark.slow
def test_a_library_that_hangs_is_ended() -> None:
    subprocess.run([sys.executable, "-c", HANG], check=True, cwd=ROOT, timeout=ENDING_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_asks_a_server_to_end_does_not_end_its_voice(
    runner: EspeakRunner, number: signal.Signals
) -> None:
    before = processes(runner)
    for process in before:
        os.kill(process, number)
    assert processes(runner) == before


def test_without_its_processes_the_engine_fails(runner: EspeakRunner) -> None:
    for process in processes(runner):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(EngineFailed):
        say(runner, HEALTHY)


def test_a_closed_runner_leaves_no_process() -> None:
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    with closing(EspeakRunner()) as runner:
        found = processes(runner)
    assert not any(Path(f"/proc/{process}").exists() for process in found)


def test_a_runner_that_is_killed_leaves_no_process() -> None:
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    command = [sys.executable, "-c", SPEAK_UNTIL_KILLED]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        zygote, speaker = map(int, owner.stdout.readline().split())
        descriptors = [os.pidfd_open(process) for process in (zygote, speaker)]
        owner.kill()
    for descriptor in descriptors:
        ended, _, _ = select.select([descriptor], [], [], ENDING_S)
        os.close(descriptor)
        assert ended
