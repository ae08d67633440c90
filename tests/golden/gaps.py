"""How clear each draw of a generation was: the distance between the two best logits."""

import torch
from torch import Tensor

from engine.runners.s1.language_model import NUM_RESIDUAL_CODES, LanguageModel
from engine.runners.s1.sampling import marked, penalise
from engine.runners.s1.window import RepetitionWindow
from tests.golden.crowd import Crowd
from tests.golden.transformers import fast_logits


def top2_gaps(model: LanguageModel, prompt: Tensor, drawn: Tensor, penalty: float) -> Tensor:
    """Return the gaps (frames · num_codebooks,) of penalised logits, frame after frame.

    `prompt` and `drawn` are columns (num_codebooks + 1, T) and (num_codebooks + 1, frames); the
    model scores every row of its tables.
    """
    crowd = Crowd(model, prompt.shape[1] + drawn.shape[1])
    states = [crowd.read(prompt.T)[-1:]]
    states += [crowd.read(column) for column in drawn[:, :-1].T.split(1)]
    reached = torch.cat(states)  # (frames, dim)
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
