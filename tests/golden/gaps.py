"""How clear each draw of a generation was: the distance between the two best logits."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.language_model import NUM_RESIDUAL_CODES, LanguageModel
from engine.runners.s1.sampling import marked, penalise
from engine.runners.s1.window import RepetitionWindow
from tests.golden.comparison import Comparison, equal, near
from tests.golden.crowd import Crowd
from tests.golden.forcing import fast_logits
from tests.golden.tensors import GoldenTensors

#: Two logits, each within the tolerance of `c_slow`, and a penalty that may stretch them.
_GAP = 1e-3


def compare_gaps(
    name: str,
    golden: GoldenTensors,
    stated: dict[str, Any],
    num_prompt: int,
    model: LanguageModel,
) -> Iterator[Comparison]:
    """Compare the gaps of a generation, whose tensors have names that begin with `name`.

    Of one that was seeded none are stated.
    """
    is_seeded = stated.get("seed") is not None
    yield equal(f"{name}seeded", is_seeded, stated["min_top2_gap"] is None)
    if is_seeded:
        return
    sequence = golden[f"{name}sequence"].long()
    gaps = _top2_gaps(model, sequence, num_prompt, stated["repetition_penalty"])
    yield near(f"{name}top2_gap", gaps, golden[f"{name}top2_gap"], _GAP)
    yield near(f"{name}min_top2_gap", gaps.min(), torch.tensor(stated["min_top2_gap"]), _GAP)


def _top2_gaps(model: LanguageModel, sequence: Tensor, num_prompt: int, penalty: float) -> Tensor:
    """Return the gaps (frames · num_codebooks,) of penalised logits, frame after frame.

    `sequence` (num_codebooks + 1, T) is a prompt of `num_prompt` columns and what was drawn after
    it; the model scores every row of its tables.
    """
    drawn = sequence[:, num_prompt:]
    states = Crowd(model, sequence.shape[1]).read(sequence[:, :-1].T)
    reached = states[num_prompt - 1 :]  # (frames, dim)
    tokens = model.head(reached)
    codes = fast_logits(model, reached, drawn[1:].T)[:, 1:, :NUM_RESIDUAL_CODES]
    window = RepetitionWindow(1, model.config.num_codebooks, model.device)
    slot = torch.tensor([0])
    gaps = []
    for frame, column in enumerate(drawn.T):
        strength = torch.where(window.has_begun(slot), penalty, 1.0)
        gaps.append(_gap(tokens[frame : frame + 1], window.token_ids(slot), strength))
        recent = window.codes(slot)[0, 1:]
        gaps.append(_gap(codes[frame], recent, strength.expand(len(recent))))
        window.append(slot, column[None])
    return torch.cat(gaps)


def _gap(logits: Tensor, recent: Tensor, penalty: Tensor) -> Tensor:
    lowered = penalise(logits, marked(recent, logits.shape[1]), penalty)
    best = lowered.topk(2, dim=-1).values
    return best[:, 0] - best[:, 1]
