"""`e_sampling.*`: logits, and the probabilities they are drawn by."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.sampling import SamplingRows, draw, marked, penalise, probabilities
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.tensors import GoldenTensors

PROBABILITY = 1e-6
#: How near the sum comes to top-p, in float32: an order of additions moves it by as much.
MARGIN = 2e-6
#: The original's lowest temperature.
_COLDEST = 1e-5


def compare_sampling(folder: Path) -> Iterator[Comparison]:
    """Compare probabilities, survivors and draws of `e_sampling.json`."""
    golden = GoldenTensors(folder / "e_sampling.safetensors")
    for case, ours in sample(read_json(folder / "e_sampling.json"), golden):
        name = f"case{case['case']}"
        yield near(f"{name} probs", ours.probs, golden[f"{name}_probs"], PROBABILITY)
        yield equal(f"{name} n_kept", int((ours.probs > 0).sum()), case["n_kept"])
        yield near(f"{name} margin", ours.margin, torch.tensor(case["cumprob_margin"]), MARGIN)
        noise = golden[f"{name}_noise"]
        yield equal(f"{name} noise not above 0", int((noise <= 0).sum()), 0)
        drawn = int(draw(ours.probs[None], noise[None]))
        yield equal(f"{name} draw", drawn, case["argmax_probs_over_noise"])
    yield golden.all_read("e_sampling")


@dataclass(frozen=True, slots=True)
class Sampled:
    """What one case comes to."""

    probs: Tensor
    #: How near any sum of probabilities comes to top-p.
    margin: Tensor
    #: The probabilities if nothing is removed, in float64.
    whole: Tensor


def sample(
    cases: list[dict[str, Any]], golden: GoldenTensors
) -> Iterator[tuple[dict[str, Any], Sampled]]:
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
        whole = (lowered.double() / parameters.temperature.clamp(min=_COLDEST)[:, None]).softmax(-1)
        for case, *sampled in zip(rows, probs, margins, whole, strict=True):
            yield case, Sampled(*sampled)


def _penalised(case: dict[str, Any], golden: GoldenTensors, length: int) -> Tensor:
    # No window is a window that is nowhere.
    window = torch.tensor([length]) if case["window"] is None else golden[case["window"]].long()
    return marked(window[None], length)


def _column(rows: list[dict[str, Any]], key: str) -> Tensor:
    return torch.tensor([row[key] for row in rows])
