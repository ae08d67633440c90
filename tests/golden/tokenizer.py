"""`a_tokenizer.json`, `j_tokenizer.json`: texts and their tokens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import regex
import torch

from engine.runners.s1.config import DualARConfig, parse_config, read_config
from engine.runners.s1.prompt import PromptBuilder, SpokenText
from engine.runners.s1.tokenizer import PIECES, SPECIAL_TOKENS_FILE, Tokenizer, read_tokenizer
from tests.golden.comparison import Comparison, equal, read_json
from tests.golden.tokenizer_mistakes import compare_tokenizer_mistakes


def compare_texts(folder: Path) -> Iterator[Comparison]:
    """Compare the tokens of `a_tokenizer.json`, in the vocabulary of the checkpoint."""
    golden = read_json(folder / "a_tokenizer.json")
    config = read_config(folder / "checkpoint")
    tokenizer = _read(folder / "checkpoint", config.codebook_size)
    yield from _compare_ids(folder / "checkpoint", tokenizer, config.codebook_size, golden)
    yield equal("there are cases", bool(golden["cases"]), True)
    for case in golden["cases"]:
        yield equal(f"{case['text']!r}", _encode(tokenizer, case["text"]), case["ids"])


def compare_pieces(folder: Path) -> Iterator[Comparison]:
    """Compare the pieces, tokens and prompts of `j_tokenizer.json`, in a vocabulary of its own."""
    golden = read_json(folder / "j_tokenizer.json")
    tokenizer = _read(folder / "j_tokenizer", golden["codebook_size"])
    yield from _compare_ids(folder / "j_tokenizer", tokenizer, golden["codebook_size"], golden)
    yield equal("speaker_ids", tokenizer.encode("<|speaker:0|>"), golden["speaker_ids"])
    for case in golden["cases"]:
        text = case["text"]
        pieces = [match.group() for match in regex.finditer(PIECES, text)]
        yield equal(f"pieces of {text!r}", pieces, case["pieces"])
        yield equal(f"{text!r}", _encode(tokenizer, text), case["ids"])
    for case in golden["prompts"]:
        spoken = [_spoken(reference) for reference in case["refs"]]
        prompts = PromptBuilder(_config(tokenizer, case), tokenizer, allow_special=True)
        columns = torch.from_numpy(prompts.build(case["text"], spoken))
        yield equal(case["case"], columns, torch.tensor(case["rows"]))
    yield from compare_tokenizer_mistakes(tokenizer, golden)


def _compare_ids(
    folder: Path, tokenizer: Tokenizer, codebook_size: int, golden: dict[str, Any]
) -> Iterator[Comparison]:
    ours = {
        "n_mergeable": tokenizer.num_tokens - len(read_json(folder / SPECIAL_TOKENS_FILE)),
        "semantic_begin_id": tokenizer.semantic_begin_id,
        "semantic_end_id": tokenizer.semantic_begin_id + codebook_size - 1,
        "im_end_id": tokenizer.im_end_id,
        "interleave_id": tokenizer.interleave_id,
    }
    for name, value in ours.items():
        yield equal(name, value, golden[name])


def _read(folder: Path, codebook_size: int) -> Tokenizer:
    # The vocabulary may stand without a model, and so without the size of its table.
    return read_tokenizer(folder, codebook_size=codebook_size, vocab_size=2**31)


def _encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, allow_special=True)


def _config(tokenizer: Tokenizer, case: dict[str, Any]) -> DualARConfig:
    """Return a model for one prompt alone, whose codes it bears: the vocabulary stands without."""
    codes = [code for reference in case["refs"] for row in reference["codes"] for code in row]
    sizes = {"vocab_size": tokenizer.num_tokens, "n_layer": 1, "n_head": 1, "dim": 64}
    codebooks = {"num_codebooks": len(case["rows"]) - 1, "codebook_size": max(codes, default=0) + 1}
    return parse_config(sizes | codebooks, Path("config.json"))


def _spoken(reference: dict[str, Any]) -> SpokenText:
    return SpokenText(reference["text"], torch.tensor(reference["codes"]).numpy())
