"""`b_prompt.*`: texts and references, and the columns they become."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import load_file

from engine.runners.s1.config import read_config
from engine.runners.s1.prompt import Columns, PromptBuilder, SpokenText
from engine.runners.s1.tokenizer import read_tokenizer
from tests.golden.comparison import Comparison, equal, read_json


def compare_prompts(folder: Path) -> Iterator[Comparison]:
    """Compare the prompts of `b_prompt.json`."""
    golden = load_file(folder / "b_prompt.safetensors")
    build = prompt_builder(folder)
    for name, case in read_json(folder / "b_prompt.json").items():
        ours = build.build(case["text"], spoken(folder, case["refs"]))
        yield equal(name, torch.from_numpy(ours), torch.from_numpy(golden[name]))


def prompt_builder(folder: Path) -> PromptBuilder:
    """Return the builder for the folder's checkpoint. Its texts may hold special tokens."""
    config = read_config(folder / "checkpoint")
    tokenizer = read_tokenizer(
        folder / "checkpoint", codebook_size=config.codebook_size, vocab_size=config.vocab_size
    )
    return PromptBuilder(config, tokenizer, allow_special=True)


def prompt(folder: Path, case: dict[str, Any]) -> Columns:
    """Return the prompt of a case that has `text` and `refs`."""
    return prompt_builder(folder).build(case["text"], spoken(folder, case["refs"]))


def spoken(folder: Path, references: list[dict[str, str]]) -> list[SpokenText]:
    """Return references whose codes are named, within `b_prompt.safetensors` or by their file."""
    pairs = []
    for reference in references:
        file, _, key = reference["codes"].rpartition(":")
        codes = load_file(folder / (file or "b_prompt.safetensors"))[key]
        pairs.append(SpokenText(reference["text"], codes))
    return pairs
