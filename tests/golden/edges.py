"""`m_edges.*`: top-p of 1, probabilities that are hardly any, samples that hardly fit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.golden.comparison import Comparison, compare_tolerances, equal, near, read_json
from tests.golden.pcm import compare_pcm
from tests.golden.sampling import MARGIN, PROBABILITY, Sampled, sample
from tests.golden.tensors import GoldenTensors

#: The least probability that float32 keeps to all its digits.
_EXACT = torch.finfo(torch.float32).tiny
#: A temperature that float32 rounds moves a logit, and so the exponent, by as much.
_PROPORTION = 1e-5


def compare_edges(folder: Path) -> Iterator[Comparison]:
    """Compare with `m_edges.safetensors` and `m_edges.json` of `folder`."""
    golden = GoldenTensors(folder / "m_edges.safetensors")
    stated = read_json(folder / "m_edges.json")
    yield equal("m.tensors", golden.shapes(), stated["tensors"])
    tolerance = stated["sampling"]["tolerance"]
    yield compare_tolerances("m.sampling", tolerance, {PROBABILITY})
    for case, ours in sample(stated["sampling"]["cases"], golden):
        name = f"case{case['case']}"
        probs, whole = golden[f"{name}_probs"], golden.get(f"{name}_probs_nothing_removed")
        yield from _compare(name, case, ours, probs, whole)
        yield equal(f"{name} n_nonzero", int((probs > 0).sum()), case["n_nonzero"])
        yield from _compare_removal(name, case, probs, whole)
    yield from compare_pcm(golden, stated["pcm16"])
    yield golden.all_read("m")


def _compare(
    name: str, case: dict[str, Any], ours: Sampled, probs: Tensor, whole: Tensor | None
) -> Iterator[Comparison]:
    """Compare with what the original drew by, and with what it would have without rounding."""
    found = near(f"{name} probs", ours.probs, probs, PROBABILITY)
    if whole is not None:
        yield near(f"{name} in proportion", *_in_proportion(whole, ours.whole), _PROPORTION)
        other = near(f"{name} whole", ours.probs, whole, PROBABILITY)
        # Which tail entries a rounded sum drops depends on the order of its additions.
        if case["rounding_dependent"]:
            found = min(found, other, key=lambda either: either.largest)
        else:
            yield other
    yield found
    if case["top_p"] < 1:
        yield equal(f"{name} n_kept", int((ours.probs > 0).sum()), case["n_nonzero"])
        yield near(f"{name} margin", ours.margin, torch.tensor(case["cumprob_margin"]), MARGIN)
    else:
        yield equal(f"{name} margin", case["cumprob_margin"], None)


def _in_proportion(theirs: Tensor, ours: Tensor) -> tuple[Tensor, Tensor]:
    """Return both with all that is large enough to be exact in float32 as 1."""
    unit = ours.clamp(min=_EXACT)
    return theirs / unit, ours / unit


def _compare_removal(
    name: str, case: dict[str, Any], probs: Tensor, whole: Tensor | None
) -> Iterator[Comparison]:
    """Compare both of the original's with each other, as it states them; ours may be either."""
    keys = (
        "n_removed_because_rounded_cumsum_exceeds_1",
        "exact_mass_of_zero_entries",
        "max_abs_to_nothing_removed",
    )
    stated = [case[key] for key in keys]
    if whole is None:
        yield equal(f"{name} removed", [*stated, case["rounding_dependent"]], [None] * 3 + [False])
        return
    is_zero = probs == 0
    kept = whole.double().masked_fill(is_zero, 0.0)
    yield near(f"{name} kept", (kept / kept.sum()).float(), probs, PROBABILITY)
    # What is no normal number may have become 0 by itself.
    num_removed = int((is_zero & (whole >= torch.finfo(whole.dtype).tiny)).sum())
    yield equal(f"{name} {keys[0]}", num_removed, stated[0])
    largest = (probs.double() - whole).abs().max()
    sizes = torch.stack((whole.double()[is_zero].sum(), largest))
    yield near(f"{name} {keys[1:]}", sizes, torch.tensor(stated[1:]).double(), PROBABILITY)
    yield equal(f"{name} rounding", case["rounding_dependent"], bool(largest > PROBABILITY))
