"""Mistakes in cutting text and in building prompts."""

import numpy as np
import pytest

from engine.runners.s1 import tokenizer
from engine.runners.s1.prompt import Codes, Columns, PromptBuilder
from engine.runners.s1.tokenizer import PIECES
from tests.engine.s1.mistakes.planting import Mistake, Plant, replaced
from tests.golden import tokenizer as golden_tokenizer

_right_frames = PromptBuilder._frames
_right_tokens = PromptBuilder._tokens
_LETTERS = r"|[^\r\n\p{L}\p{N}]?\p{L}+"


def cut(old: str, new: str) -> Plant:
    """Have one rule of the pattern another way."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        assert PIECES.count(old) == 1
        monkeypatch.setattr(tokenizer, "PIECES", PIECES.replace(old, new))
        monkeypatch.setattr(golden_tokenizer, "PIECES", PIECES.replace(old, new))

    return plant


def joined(self: PromptBuilder, text: str) -> Columns:
    return self._tokens(self._encode("<|speaker:0|>" + text))


def shifted(self: PromptBuilder, codes: Codes) -> Columns:
    columns = _right_frames(self, codes)
    return np.concatenate((columns[:1], np.roll(columns[1:], 1, axis=0)))


def without_offset(self: PromptBuilder, codes: Codes) -> Columns:
    columns = _right_frames(self, codes)
    columns[0] = columns[1]
    return columns


def without_end(self: PromptBuilder, ids: list[int]) -> Columns:
    return _right_tokens(self, [each for each in ids if each != self._tokenizer.im_end_id])


MISTAKES = {
    "the usual look-ahead": Mistake(
        cut(r"\s+(\?!\S)", r"\s+(?!\S)"), ("a_tokenizer", "j_tokenizer")
    ),
    "no contractions": Mistake(cut(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|", ""), ("j_tokenizer",)),
    "contractions in small letters": Mistake(cut("(?i:", "(?:"), ("j_tokenizer",)),
    "no punctuation by itself": Mistake(cut(r"|\p{P}", ""), ("j_tokenizer",)),
    "runs of punctuation": Mistake(cut(r"|\p{P}", r"|\p{P}+"), ("j_tokenizer",)),
    "three digits": Mistake(cut(r"|\p{N}|", r"|\p{N}{1,3}|"), ("j_tokenizer",)),
    "letters alone": Mistake(cut(r"[^\r\n\p{L}\p{N}]?\p{L}+", r"\p{L}+"), ("j_tokenizer",)),
    "letters of ASCII": Mistake(cut(r"]?\p{L}+", "]?[A-Za-z]+"), ("j_tokenizer",)),
    "symbols without their space": Mistake(cut("| ?[", "|["), ("j_tokenizer",)),
    "symbols without their newlines": Mistake(cut(r"]+[\r\n]*", "]+"), ("j_tokenizer",)),
    "no newlines by themselves": Mistake(cut(r"|\s*[\r\n]+", ""), ("j_tokenizer",)),
    "no spaces before ?!": Mistake(cut(r"|\s+(\?!\S)", ""), ("j_tokenizer",)),
    "no other spaces": Mistake(cut(r"(\?!\S)|\s+", r"(\?!\S)"), ("j_tokenizer",)),
    "contractions without the long s": Mistake(cut("(?i:'s|", "'[sS]|(?i:"), ("j_tokenizer",)),
    "marks for letters": Mistake(cut(r"]?\p{L}+", r"]?[\p{L}\p{M}]+"), ("j_tokenizer",)),
    "punctuation after letters": Mistake(
        cut(rf"|\p{{P}}{_LETTERS}", rf"{_LETTERS}|\p{{P}}"), ("j_tokenizer",)
    ),
    "tag and text as one": Mistake(replaced(PromptBuilder, "text", joined), ("j_tokenizer",)),
    "codes in the next row": Mistake(replaced(PromptBuilder, "_frames", shifted), ("b_prompt",)),
    "codes for tokens": Mistake(replaced(PromptBuilder, "_frames", without_offset), ("b_prompt",)),
    "no end of a reference": Mistake(
        replaced(PromptBuilder, "_tokens", without_end), ("b_prompt",)
    ),
}
