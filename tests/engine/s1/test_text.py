"""Tokens and prompts of texts that nobody should trust, and vocabularies that are wrong."""

import base64
import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.runners.s1.errors import CheckpointError, PromptRejected
from engine.runners.s1.prompt import PromptBuilder, SpokenText
from engine.runners.s1.tokenizer import IM_END, INTERLEAVE, Tokenizer, read_tokenizer
from tests.engine.s1.tiny import tiny_config

NUM_CODES = 50
SPECIAL = [INTERLEAVE, IM_END, *(f"<|semantic:{code}|>" for code in range(NUM_CODES))]
LINES = [f"{base64.b64encode(bytes([byte])).decode()} {byte}" for byte in range(256)]


def read(
    folder: Path, lines: list[str] = LINES, special: list[str] = SPECIAL, vocab_size: int = 400
) -> Tokenizer:
    (folder / "tokenizer.tiktoken").write_text("\n".join(lines))
    (folder / "special_tokens.json").write_text(json.dumps(dict.fromkeys(special, 0)))
    return read_tokenizer(folder, codebook_size=NUM_CODES, vocab_size=vocab_size)


def builder(folder: Path) -> PromptBuilder:
    return PromptBuilder(tiny_config(vocab_size=400), read(folder))


def test_a_long_text_is_cut_before_any_merge(tmp_path: Path) -> None:
    tokenizer = read(tmp_path, [*LINES, "YWI= 256"])  # `ab`
    assert tokenizer.encode("." * 399_998 + "ab")[-2:] == [ord("."), 256]
    assert tokenizer.encode("." * 399_999 + "ab")[-2:] == [ord("a"), ord("b")]


def test_special_tokens_in_a_text_are_text(tmp_path: Path) -> None:
    tokenizer = read(tmp_path)
    text = f"a{IM_END}b<|semantic:7|>"
    assert tokenizer.encode(text) == list(text.encode())
    assert tokenizer.encode(text, allow_special=True) == [97, 257, 98, 258 + 7]


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "🙂" * 5, "\n\n  \t?!x", "a" * 1_000_000])
def test_any_text_has_tokens(tmp_path: Path, text: str) -> None:
    # Half of a pair of surrogates is no character; it becomes the sign for that.
    expected = list(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())
    assert read(tmp_path).encode(text) == expected


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([*LINES, "nonsense"], "line 257: not `base64 rank`"),
        ([*LINES, "!!!! 256"], "line 257: not `base64 rank`"),
        ([*LINES, "YWI= x"], "line 257: not `base64 rank`"),
        ([*LINES, "YWI= 300"], "the ranks are not"),
        ([*LINES, "YWI= 5"], "the ranks are not"),
        (LINES[:255], "byte 255: missing"),
        ([], "byte 0: missing"),
    ],
)
def test_a_wrong_vocabulary_is_named(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem) as caught:
        read(tmp_path, lines)
    assert caught.value.file == tmp_path / "tokenizer.tiktoken"


def test_empty_lines_and_the_token_of_nothing_are_skipped(tmp_path: Path) -> None:
    assert read(tmp_path, ["", *LINES, "= 256", ""]).interleave_id == 256


@pytest.mark.parametrize(
    ("special", "problem"),
    [
        (SPECIAL[1:], "<|interleave|>: missing"),
        (SPECIAL[:-1], "<|semantic:49|>: does not follow"),
        ([*SPECIAL[:2], SPECIAL[3], SPECIAL[2], *SPECIAL[4:]], "<|semantic:1|>: does not follow"),
        (
            [*SPECIAL, *(f"<|{index}|>" for index in range(200))],
            "508 tokens, but the model has 400",
        ),
        ([*SPECIAL, "\ud800"], r"'\ud800': no text"),
        ([*SPECIAL, "<|" + "a" * 1_000 + "|>"], "a name of more than 1000 characters"),
    ],
)
def test_wrong_special_tokens_are_named(tmp_path: Path, special: list[str], problem: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path, special=special)
    assert problem in str(caught.value)
    assert caught.value.file == tmp_path / "special_tokens.json"


@pytest.mark.parametrize("name", ["tokenizer.tiktoken", "special_tokens.json"])
@pytest.mark.parametrize("contents", [None, b"\xff\xfe", b"[]", b"[" * 100_000])
def test_a_file_that_is_something_else_is_refused(
    tmp_path: Path, name: str, contents: bytes | None
) -> None:
    read(tmp_path)
    path = tmp_path / name
    path.unlink() if contents is None else path.write_bytes(contents)
    with pytest.raises(CheckpointError, match=name):
        read_tokenizer(tmp_path, codebook_size=NUM_CODES, vocab_size=400)


@pytest.mark.parametrize("name", ["tokenizer.tiktoken", "special_tokens.json"])
def test_a_file_without_an_end_is_not_read(tmp_path: Path, name: str) -> None:
    read(tmp_path)
    path = tmp_path / name
    os.truncate(path, 100 << 20)
    with pytest.raises(CheckpointError, match="bytes of 67108864 allowed"):
        read_tokenizer(tmp_path, codebook_size=NUM_CODES, vocab_size=400)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(CheckpointError, match="not a regular file"):
        read_tokenizer(tmp_path, codebook_size=NUM_CODES, vocab_size=400)


def test_a_spoken_segment_is_one_more_reference(tmp_path: Path) -> None:
    build = builder(tmp_path)
    rng = np.random.default_rng(0)
    voice = SpokenText("Hello.", rng.integers(0, NUM_CODES, (4, 7)))
    segment = SpokenText(" How are you?", rng.integers(0, NUM_CODES, (4, 9)))
    prompt = build.build(" Fine.", [voice, segment])
    # What was computed for the first segment is the beginning of the second one's prompt.
    prefix = build.prefix([voice])
    assert np.array_equal(prompt[:, : prefix.shape[1]], prefix)
    assert (prompt[0] == 257).sum() == 2
    spoken = prompt[:, prompt[0] >= 258]
    assert np.array_equal(spoken[1:], np.concatenate((voice.codes, segment.codes), axis=1))
    assert np.array_equal(spoken[0], spoken[1] + 258)


@pytest.mark.parametrize(
    ("codes", "problem"),
    [
        (np.zeros((3, 5), np.int64), r"\(3, 5\) are not \(4, frames\)"),
        (np.zeros((4, 0), np.int64), r"\(4, 0\) are not"),
        (np.zeros(4, np.int64), r"\(4,\) are not"),
        (np.full((4, 2), -1), r"codebook 0 lies outside 0\.\.49"),
        (np.array([[0], [0], [50], [0]]), r"codebook 2 lies outside 0\.\.49"),
    ],
)
def test_codes_that_no_codec_makes_are_refused(
    tmp_path: Path, codes: np.ndarray, problem: str
) -> None:
    with pytest.raises(PromptRejected, match=problem):
        builder(tmp_path).build("Hello.", [SpokenText("Hi.", codes)])
