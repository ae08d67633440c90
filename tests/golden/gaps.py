"""How clear each draw of a generation was: the distance between the two best logits."""

import torch
from torch import Tensor

from engine.runners.s1.language_model import NUM_RESIDUAL_CODES, LanguageModel
from engine.runners.s1.sampling import marked, penalise
from engine.runners.s1.window import RepetitionWindow
from tests.golden.crowd import Crowd
from tests.golden.transformers import fast_logits


def top2_gaps(model: LanguageModel, sequence: Tensor, num_prompt: int, penalty: float) -> Tensor:
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
