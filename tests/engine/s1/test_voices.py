"""The voices beside a checkpoint: read with care, and named when they are wrong."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UnknownVoice
from engine.runners.s1.errors import CheckpointError
from engine.runners.s1.prompt import PromptBuilder
from engine.runners.s1.voices import catalogue, read_voices
from tests.engine.s1.speaker import NUM_CODEBOOKS, NUM_CODES, reference, tiny_speaker

MAX_TOKENS = 1_000


@pytest.fixture
def prompts() -> PromptBuilder:
    return tiny_speaker().prompts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "voices").mkdir()
    np.save(tmp_path / "voices" / "anna.npy", reference().codes.astype(np.int16))
    (tmp_path / "voices" / "anna.txt").write_text(reference().text + "\n", encoding="utf-8")
    return tmp_path


def test_a_checkpoint_without_voices_has_the_default_one(
    tmp_path: Path, prompts: PromptBuilder
) -> None:
    assert read_voices(tmp_path, prompts, MAX_TOKENS) == {"default": None}


@pytest.mark.parametrize("name", ["anna.npy", "anna.txt"])
def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(
    folder: Path, prompts: PromptBuilder, name: str
) -> None:
    file = folder / "voices" / name
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CheckpointError, match="not a regular file") as caught:
        read_voices(folder, prompts, MAX_TOKENS)
    assert caught.value.file == file


def test_a_text_longer_than_any_prompt_is_not_encoded(folder: Path, prompts: PromptBuilder) -> None:
    (folder / "voices" / "anna.txt").write_text("a" * (2 << 20))
    with pytest.raises(CheckpointError, match=r"anna\.txt: has 2097152 bytes of 1048576 allowed"):
        read_voices(folder, prompts, MAX_TOKENS)


def test_a_file_in_place_of_the_folder_of_voices_is_named(
    tmp_path: Path, prompts: PromptBuilder
) -> None:
    (tmp_path / "voices").touch()
    with pytest.raises(CheckpointError, match="voices: Not a directory"):
        read_voices(tmp_path, prompts, MAX_TOKENS)


def test_a_voice_is_its_codes_and_its_text(folder: Path, prompts: PromptBuilder) -> None:
    anna = read_voices(folder, prompts, MAX_TOKENS)["anna"]
    assert anna is not None
    assert anna.text == reference().text
    assert np.array_equal(anna.codes, reference().codes)


def test_requests_name_voices(folder: Path, prompts: PromptBuilder) -> None:
    voices = catalogue(read_voices(folder, prompts, MAX_TOKENS))
    assert voices.resolve(None, None) == "default"
    assert voices.resolve("anna", "de") == "anna"
    with pytest.raises(UnknownVoice):
        voices.resolve("anna", "sw")
    with pytest.raises(UnknownVoice):
        voices.resolve("bert", None)


def header(shape: str) -> bytes:
    """Return the beginning of a file of numpy's, and no data."""
    fields = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(fields).to_bytes(2, "little") + fields


@pytest.mark.parametrize(
    ("name", "write", "problem"),
    [
        ("bert", lambda file: np.save(file, np.zeros((3, 4), np.int64)), "shape"),
        ("bert", lambda file: np.save(file, np.zeros((NUM_CODEBOOKS, 0), np.int64)), "shape"),
        ("bert", lambda file: np.save(file, np.zeros((NUM_CODEBOOKS, 4))), "integers"),
        ("bert", lambda file: np.save(file, np.full((NUM_CODEBOOKS, 4), NUM_CODES)), "outside"),
        ("bert", lambda file: np.save(file, np.full((NUM_CODEBOOKS, 4), -1)), "outside"),
        ("bert", lambda file: np.save(file, np.array([{}]), allow_pickle=True), "numpy"),
        ("bert", lambda file: file.write_bytes(b""), "numpy"),
        ("bert", lambda file: file.write_bytes(header(f"({NUM_CODEBOOKS}, {10**15})")), "numpy"),
        ("bert", lambda file: file.write_bytes(header(f"({NUM_CODEBOOKS}, {10**30})")), "numpy"),
        ("bert", lambda file: file.write_bytes(header("(" * 60)), "numpy"),
        ("default", lambda file: np.save(file, reference().codes), "name"),
        ("b+rt", lambda file: np.save(file, reference().codes), "name"),
    ],
)
def test_a_wrong_voice_is_named(
    folder: Path, prompts: PromptBuilder, name: str, write: Callable[[Path], None], problem: str
) -> None:
    file = folder / "voices" / f"{name}.npy"
    file.with_suffix(".txt").write_text("A text.", encoding="utf-8")
    write(file)
    with pytest.raises(CheckpointError, match=problem) as caught:
        read_voices(folder, prompts, MAX_TOKENS)
    assert caught.value.file == file


def test_a_voice_without_its_text_is_named(folder: Path, prompts: PromptBuilder) -> None:
    text = folder / "voices" / "anna.txt"
    text.unlink()
    with pytest.raises(CheckpointError, match="No such file") as caught:
        read_voices(folder, prompts, MAX_TOKENS)
    assert caught.value.file == text
    text.write_bytes(b"\xff")
    with pytest.raises(CheckpointError, match="not UTF-8"):
        read_voices(folder, prompts, MAX_TOKENS)


def test_a_voice_that_leaves_no_room_to_speak_is_named(
    folder: Path, prompts: PromptBuilder
) -> None:
    taken = prompts.prefix([reference()]).shape[1]
    assert "anna" in read_voices(folder, prompts, taken)
    problem = rf"anna\.npy: the voice takes {taken} tokens, of {taken - 1} at most"
    with pytest.raises(CheckpointError, match=problem):
        read_voices(folder, prompts, taken - 1)
