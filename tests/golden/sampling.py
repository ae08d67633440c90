"""`e_sampling.*`, `m_edges.*` (its sampling): logits, and the probabilities they are drawn by."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.runners.s1.sampling import SamplingRows, draw, marked, penalise, probabilities
from tests.golden.comparison import Comparison, equal, near, read_json

_PROBABILITY = 1e-6
#: How near the sum comes to top-p, in float32: an order of additions moves it by as much.
_MARGIN = 2e-6


def compare_sampling(folder: Path) -> Iterator[Comparison]:
    """Compare probabilities, survivors and draws of `e_sampling.json`."""
    golden = load_file(folder / "e_sampling.safetensors")
    for case, ours in _run(read_json(folder / "e_sampling.json"), golden):
        name = f"case{case['case']}"
        yield near(f"{name} probs", ours.probs, golden[f"{name}_probs"], _PROBABILITY)
        yield equal(f"{name} n_kept", int((ours.probs > 0).sum()), case["n_kept"])
        yield near(f"{name} margin", ours.margin, _scalar(case["cumprob_margin"]), _MARGIN)
        drawn = int(draw(ours.probs[None], golden[f"{name}_noise"][None]))
        yield equal(f"{name} draw", drawn, case["argmax_probs_over_noise"])


def compare_edges(folder: Path) -> Iterator[Comparison]:
    """Compare the sampling of `m_edges.json`."""
    golden = load_file(folder / "m_edges.safetensors")
    for case, ours in _run(read_json(folder / "m_edges.json")["sampling"]["cases"], golden):
        name = f"case{case['case']}"
        found = near(f"{name} probs", ours.probs, golden[f"{name}_probs"], _PROBABILITY)
        whole = golden.get(f"{name}_probs_nothing_removed")
        if whole is not None:
            other = near(f"{name} whole", ours.probs, whole, _PROBABILITY)
            # Which tail entries a rounded sum drops depends on the order of its additions.
            if case["rounding_dependent"]:
                found = min(found, other, key=lambda either: either.largest)
            else:
                yield other
        yield found
        if case["top_p"] < 1:
            yield equal(f"{name} n_nonzero", int((ours.probs > 0).sum()), case["n_nonzero"])
            yield near(f"{name} margin", ours.margin, _scalar(case["cumprob_margin"]), _MARGIN)


@dataclass(frozen=True, slots=True)
class _Drawn:
    probs: Tensor
    #: How near any sum of probabilities comes to top-p.
    margin: Tensor


def _run(
    cases: list[dict[str, Any]], golden: dict[str, Tensor]
) -> Iterator[tuple[dict[str, Any], _Drawn]]:
    """Run all cases of one length as one batch, with their different parameters."""
    sized = [(len(golden[case["logits"]]), case) for case in cases]
    for length, group in groupby(sized, key=lambda pair: pair[0]):
        rows = [case for _, case in group]
        logits = torch.stack([golden[case["logits"]] for case in rows])
        penalised = torch.cat([_penalised(case, golden, length) for case in rows])
        parameters = SamplingRows(
            temperature=_column(rows, "temperature"),
            top_p=_column(rows, "top_p"),
            repetition_penalty=_column(rows, "repetition_penalty"),
        )
        probs = probabilities(logits, penalised, parameters)
        lowered = penalise(logits, penalised, parameters.repetition_penalty)
        sums = lowered.sort(dim=-1, descending=True).values.softmax(dim=-1).cumsum(dim=-1)
        margins = (sums - parameters.top_p[:, None]).abs().amin(dim=-1)
        for case, row, margin in zip(rows, probs, margins, strict=True):
            yield case, _Drawn(row, margin)


def _penalised(case: dict[str, Any], golden: dict[str, Tensor], length: int) -> Tensor:
    # No window is a window that is nowhere.
    window = torch.tensor([length]) if case["window"] is None else golden[case["window"]].long()
    return marked(window[None], length)


def _column(rows: list[dict[str, Any]], key: str) -> Tensor:
    return torch.tensor([row[key] for row in rows])


def _scalar(value: float) -> Tensor:
    return torch.tensor(value)
