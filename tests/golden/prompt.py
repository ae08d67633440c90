"""`b_prompt.*`: texts and references, and the columns they become."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.numpy import load_file

from engine.runners.s1.config import read_config
from engine.runners.s1.prompt import PromptBuilder, SpokenText
from tests.golden.checkpoint import tokenizer_of
from tests.golden.comparison import Comparison, equal, read_json

_FILE = "b_prompt.safetensors"


def compare_prompts(folder: Path) -> Iterator[Comparison]:
    """Compare the prompts of `b_prompt.json`."""
    golden = load_file(folder / _FILE)
    cases = read_json(folder / "b_prompt.json")
    config = read_config(folder / "checkpoint")
    # The original's texts may hold special tokens.
    prompts = PromptBuilder(config, tokenizer_of(folder / "checkpoint"), allow_special=True)
    for name, case in cases.items():
        ours = prompts.build(case["text"], spoken(folder, case["refs"]))
        yield equal(name, torch.from_numpy(ours), torch.from_numpy(golden[name]))
        yield equal(f"{name} is of integers", golden[name].dtype.kind, "i")
    # The others are codes, which lack the row of tokens.
    found = [name for name, columns in golden.items() if len(columns) != config.num_codebooks]
    yield equal("cases", sorted(cases), sorted(found))


def spoken(folder: Path, references: list[dict[str, str]]) -> list[SpokenText]:
    """Return references whose codes are named, within `b_prompt.safetensors` or by their file."""
    pairs = []
    for reference in references:
        file, _, key = reference["codes"].rpartition(":")
        codes = load_file(folder / (file or _FILE))[key]
        pairs.append(SpokenText(reference["text"], codes))
    return pairs
