"""`f_generate.*`: whole generations, all of them in one batch with unrelated sequences."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.runners.s1.draw_state import DrawParameters
from engine.runners.s1.generation import FrameGenerator
from engine.runners.s1.language_model import LanguageModel, Vocabulary, load_language_model
from engine.runners.s1.noise import FrameNoise
from engine.runners.s1.tokenizer import Tokenizer
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.crowd import random_columns
from tests.golden.gaps import top2_gaps
from tests.golden.prompt import prompt
from tests.golden.transformers import read_whole_model

#: Columns of each prompt read in a step, so that some are still reading while others draw.
_BUDGET = 13
_NUM_NEIGHBOURS = 2
#: Neighbours end after so many frames, and begin anew.
_NEIGHBOUR_FRAMES = 20
#: Two logits, each within the tolerance of `c_slow`, and a penalty that may stretch them.
_GAP = 1e-3
#: Seeds of those that the golden ones leave without.
_OTHER_SEEDS = 1_000_000


@dataclass(slots=True)
class GoldenCase:
    """One generation, under way."""

    golden: dict[str, Any]
    prompt: Tensor
    columns: list[Tensor] = field(default_factory=list)
    has_ended: bool = False

    def add(self, column: Tensor, im_end_id: int) -> None:
        """Take the next column, and end as the original's loop does: never with the first."""
        self.columns.append(column)
        is_end = int(column[0]) == im_end_id and len(self.columns) > 1
        self.has_ended = is_end or len(self.columns) == self.golden["max_new_tokens"]


def compare_generations(folder: Path) -> Iterator[Comparison]:
    """Compare every case of `f_generate.json`."""
    golden = load_file(folder / "f_generate.safetensors")
    model, tokenizer = load_language_model(folder / "checkpoint", vocabulary=Vocabulary.ALL)
    cases = [
        GoldenCase(case, torch.from_numpy(prompt(folder, case)))
        for case in read_json(folder / "f_generate.json")
    ]
    generate(model, tokenizer, cases)
    whole = read_whole_model(folder / "checkpoint")
    for case in cases:
        yield from _compare(case, golden, tokenizer)
        yield from _compare_gaps(case, golden, whole)


def generate(model: LanguageModel, tokenizer: Tokenizer, cases: list[GoldenCase]) -> None:
    """Run cases side by side, with neighbours that come and go, until all have ended."""
    num_slots = len(cases) + _NUM_NEIGHBOURS
    longest = max(case.prompt.shape[1] + case.golden["max_new_tokens"] for case in cases)
    generator = FrameGenerator(
        model,
        num_slots=num_slots,
        num_blocks=num_slots * (longest // 16 + 1),
        noise=TorchNoise(model, tokenizer),
    )
    for slot, case in enumerate(cases):
        generator.open(slot, case.prompt.numpy(), _parameters(case.golden, slot))
    neighbours = _Neighbours(generator, model, range(len(cases), num_slots))
    while live := [slot for slot, case in enumerate(cases) if not case.has_ended]:
        slots = (*live, *neighbours.slots)
        lengths = {slot: generator.reserve(slot, _BUDGET) for slot in slots}
        drawn, columns = generator.step(lengths)
        for slot, column in zip(drawn, columns, strict=True):
            if slot in live:
                cases[slot].add(column, tokenizer.im_end_id)
                if cases[slot].has_ended:
                    generator.close(slot)
        neighbours.change()


class TorchNoise:
    """The original's noise: for every seed a generator of torch's, drawn from in a fixed order."""

    def __init__(self, model: LanguageModel, tokenizer: Tokenizer) -> None:
        self._vocab_size = model.config.vocab_size
        self._num_tokens = tokenizer.num_tokens
        self._shape = (model.config.num_codebooks - 1, model.fast.num_scored)
        self._generators: dict[int, torch.Generator] = {}

    def __call__(self, seeds: Tensor, frames: Tensor) -> FrameNoise:  # noqa: ARG002 - it counts by itself
        """Return the next draws of every seed."""
        tokens, codes = zip(*(self._draw(int(seed)) for seed in seeds), strict=True)
        return FrameNoise(torch.stack(tokens), torch.stack(codes))

    def _draw(self, seed: int) -> tuple[Tensor, Tensor]:
        generator = self._generators.setdefault(seed, torch.Generator().manual_seed(seed))
        tokens = torch.empty(self._vocab_size).exponential_(1, generator=generator)
        num_codebooks, num_codes = self._shape
        codes = [
            torch.empty(num_codes).exponential_(1, generator=generator)
            for _ in range(num_codebooks)
        ]
        # The rows of the table that belong to no token are drawn for, and never drawn.
        return tokens[: self._num_tokens], torch.stack(codes)


class _Neighbours:
    def __init__(self, generator: FrameGenerator, model: LanguageModel, slots: range) -> None:
        self.slots = slots
        self._generator = generator
        self._model = model
        self._random = torch.Generator().manual_seed(1)
        self._num_steps = 0
        for slot in slots:
            self._open(slot)

    def change(self) -> None:
        """Have one of them leave, and another begin, every few steps."""
        self._num_steps += 1
        if self._num_steps % _NEIGHBOUR_FRAMES == 0:
            slot = self.slots[self._num_steps // _NEIGHBOUR_FRAMES % len(self.slots)]
            self._generator.close(slot)
            self._open(slot)

    def _open(self, slot: int) -> None:
        prompt = random_columns(self._model, slot + 3, self._random).T.numpy()
        self._generator.open(slot, prompt, DrawParameters(seed=_OTHER_SEEDS + slot))


def _parameters(golden: dict[str, Any], slot: int) -> DrawParameters:
    seed = golden["seed"]
    return DrawParameters(
        seed=_OTHER_SEEDS + slot if seed is None else seed,
        temperature=golden["temperature"],
        top_p=golden["top_p"],
        repetition_penalty=golden["repetition_penalty"],
    )


def _compare(
    case: GoldenCase, golden: dict[str, Tensor], tokenizer: Tokenizer
) -> Iterator[Comparison]:
    name = case.golden["case"]
    columns = torch.stack(case.columns, dim=1)
    # The original always drops the last column, even if it is no end.
    ours = {
        "prompt_length": case.prompt.shape[1],
        "columns_generated": columns.shape[1],
        "codes_returned": columns.shape[1] - 1,
        "stopped_by_im_end": int(columns[0, -1]) == tokenizer.im_end_id,
        "non_semantic_row0_tokens": int((columns[0] < tokenizer.semantic_begin_id).sum()),
    }
    for key, value in ours.items():
        yield equal(f"{name} {key}", value, case.golden[key])
    yield equal(f"{name} codes", columns[1:, :-1], golden[f"{name}.codes"])
    sequence = torch.cat((case.prompt, columns), dim=1)
    yield equal(f"{name} sequence", sequence, golden[f"{name}.sequence"])


def _compare_gaps(
    case: GoldenCase, golden: dict[str, Tensor], model: LanguageModel
) -> Iterator[Comparison]:
    name = case.golden["case"]
    if case.golden["min_top2_gap"] is None:
        return
    gaps = top2_gaps(
        model,
        golden[f"{name}.sequence"].long(),
        case.golden["prompt_length"],
        case.golden["repetition_penalty"],
    )
    yield near(f"{name} top2_gap", gaps, golden[f"{name}.top2_gap"], _GAP)
    smallest = torch.tensor(case.golden["min_top2_gap"])
    yield near(f"{name} min_top2_gap", gaps.min(), smallest, _GAP)
