"""A `.pth` that hangs, crashes or eats the process that reads its pickle is an error for ours."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from engine.errors import CheckpointError
from engine.pytorch import confined, tensors
from engine.pytorch.stored import Stored
from engine.pytorch.tensors import read_tensors
from tests.engine.pickles import DICTIONARY, archive, nested_tuple, unicode

#: Its key is a tuple whose hash takes years.
HANGING = b"}" + nested_tuple(60) + b"K\x01s."
#: Its key is a tuple so deep that hashing it overflows the stack.
CRASHING = b"}K\x01" + b"\x85" * 1_000_000 + b"K\x01s."


@contextmanager
def ignoring(number: signal.Signals) -> Iterator[None]:
    """Ignore a signal, as whoever started us may have had it ignored."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def test_what_torch_saves_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(3.0)}, path)
    assert torch.equal(read_tensors(path)["w"], torch.arange(3.0))


@pytest.mark.parametrize(
    ("pickled", "problem"),
    [
        (HANGING, "far more time to read than its size"),
        (
            DICTIONARY + b"]](" + nested_tuple(60) + b"K\x01eab.",
            "far more time to read than its size",
        ),
        (
            b"}" + unicode("w") + b"cbuiltins\nbytearray\n\x8a\x05\0\0\0\0\x02\x85Rs.",
            "far more memory than its size",
        ),
        (CRASHING, "ended by SIGSEGV"),
    ],
    ids=["a key that hangs", "an attribute that hangs", "an array of 8 GB", "a crash"],
)
def test_one_that_harms_its_reader_is_an_error(
    tmp_path: Path, pickled: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "CPU_S", 1)
    with pytest.raises(CheckpointError, match=rf"model\.pth: .*{problem}"):
        read_tensors(archive(tmp_path, pickled))


def test_one_that_hangs_is_ended_where_ends_for_that_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "CPU_S", 1)
    with ignoring(signal.SIGXCPU), pytest.raises(CheckpointError, match="far more time"):
        read_tensors(archive(tmp_path, HANGING))


def test_a_file_that_is_replaced_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "model.pth", tmp_path / "other.pth"
    torch.save({"w": torch.ones(3)}, path)
    torch.save({"w": torch.zeros(3)}, other)

    def replaced(path: Path) -> dict[str, Stored]:
        found = confined.find_confined(path)
        other.replace(path)
        return found

    monkeypatch.setattr(tensors, "find_confined", replaced)
    with pytest.raises(CheckpointError, match="changed while it was read"):
        read_tensors(path)


def test_one_that_crashes_is_told_to_who_ignores_the_ends_of_processes(tmp_path: Path) -> None:
    with ignoring(signal.SIGCHLD), pytest.raises(CheckpointError, match="cannot be read"):
        read_tensors(archive(tmp_path, CRASHING))


def test_what_is_refused_is_told_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="w: of the type int, not a tensor") as caught:
        read_tensors(archive(tmp_path, b"}" + unicode("w") + b"K\x01s."))
    assert caught.value.key == "w"


def test_a_key_of_any_length_is_told_in_short(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_tensors(archive(tmp_path, b"}" + unicode("w" * (5 << 20)) + b"K\x01s."))
    assert len(caught.value.key or "") < 5_000
