"""`k_penalty.json`: what was drawn, and what is penalised next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.config import read_config
from engine.runners.s1.tokenizer import Tokenizer
from engine.runners.s1.window import RepetitionWindow
from tests.golden.checkpoint import tokenizer_of
from tests.golden.comparison import Comparison, equal, read_json
from tests.golden.penalty_mistakes import compare_penalty_mistakes

#: The slot that is looked at; the others draw other things, and not in every step.
_SLOT = 1
_NUM_SLOTS = 3

#: Sorted; an id that was drawn twice is there twice, and None where nothing is penalised.
Ids = list[int] | None


def compare_penalties(folder: Path) -> Iterator[Comparison]:
    """Compare the penalised ids of every step of every history, in any order."""
    golden = read_json(folder / "k_penalty.json")
    config = read_config(folder / "checkpoint")
    tokenizer = tokenizer_of(folder / "checkpoint")
    yield equal("semantic_begin_id", tokenizer.semantic_begin_id, golden["semantic_begin_id"])
    yield equal("vocab_size", config.vocab_size, golden["vocab_size"])
    yield equal("codebook_size", config.codebook_size, golden["codebook_size"])
    for history in golden["histories"]:
        columns = torch.tensor(history["columns"])
        yield equal(f"{history['name']} codes", *_first_codes(columns, tokenizer))
        penalised = list(_penalised(columns))
        numbers = [step["n"] for step in history["steps"]]
        yield equal(f"{history['name']} steps", numbers, list(range(len(columns))))
        for step in history["steps"]:
            ours = penalised[step["n"]]
            name = f"{history['name']} n={step['n']}"
            yield equal(name, ours, [_golden(step, row) for row in _rows(columns)])
    yield from compare_penalty_mistakes(golden)


def _first_codes(columns: Tensor, tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """Return what the tokens say of the first codes, and the first codes; text stands for 0."""
    return (columns[:, 0] - tokenizer.semantic_begin_id).clamp(min=0), columns[:, 1]


def _penalised(columns: Tensor) -> Iterator[list[Ids]]:
    """Yield, before each column is drawn, the ids penalised in each row of it."""
    num_codebooks = columns.shape[1] - 1
    window = RepetitionWindow(_NUM_SLOTS, num_codebooks, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    slot = torch.tensor([_SLOT])
    for index, column in enumerate(columns):
        yield _ids(window, slot)
        others = torch.randint(1_000, columns[:2].shape, generator=generator)
        slots = torch.tensor([0, _SLOT, 2] if index % 2 else [2, _SLOT])
        drawn = torch.stack((others[0], column, others[1]))[: len(slots)]
        window.append(slots, drawn)


def _ids(window: RepetitionWindow, slot: Tensor) -> list[Ids]:
    codes = window.codes(slot)[0, 1:]
    if not window.has_begun(slot).item():
        return [None] * (len(codes) + 1)
    return [sorted(row.tolist()) for row in (window.token_ids(slot)[0], *codes)]


def _rows(columns: Tensor) -> list[str]:
    return ["row0", *(f"c{codebook}" for codebook in range(1, columns.shape[1] - 1))]


def _golden(step: dict[str, Any], row: str) -> Ids:
    return None if step[row] is None else sorted(step[row])
