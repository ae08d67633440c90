"""What is no file, or may not be read, is told as that: it is not missing, and not damaged."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import CheckpointError
from engine.pytorch.regular_file import check_regular
from engine.pytorch.tensors import find_tensors, read_tensors


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: None, "No such file or directory"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.mkdir(), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.write_bytes(b"123"), "has 3 bytes of 2 allowed"),
    ],
    ids=["nothing", "a link to nothing", "a loop", "a folder", "a pipe", "a device", "too much"],
)
def test_what_cannot_be_read_to_its_end_is_told(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / "config.json"
    make(path)
    with pytest.raises(CheckpointError, match=rf"config\.json: {problem}"):
        check_regular(path, 2)


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.pth"
    path.touch()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=r"model\.pth: Permission denied"):
        read_tensors(path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth"])
def test_a_file_that_leads_nowhere_is_not_passed_over_for_another(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "model.pth").touch()
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to("nowhere")
    assert find_tensors(tmp_path, "model.safetensors", "model.pth") == tmp_path / name
