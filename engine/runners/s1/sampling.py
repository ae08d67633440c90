"""From logits to a draw, as the original does it; the order of its steps matters."""

from dataclasses import dataclass

import torch
from torch import Tensor

#: Temperatures below this are raised to it: the original's way to be greedy.
_MIN_TEMPERATURE = 1e-5
#: A CPU sorts a full vocabulary in 14 ms a row. What top-p keeps is nearly always among so many of
#: the likeliest tokens, and finding these takes a tenth; where it is not, everything is sorted.
_NUM_LIKELY = (256, 2_048)


@dataclass(frozen=True, slots=True)
class SamplingRows:
    """The parameters of each row, (B,) float32."""

    temperature: Tensor
    top_p: Tensor
    repetition_penalty: Tensor


def probabilities(logits: Tensor, penalised: Tensor, rows: SamplingRows) -> Tensor:
    """Return the probability (B, n) of each token, given its logit (B, n), both float32.

    `penalised` (B, n) bool marks the tokens that were drawn lately.
    """
    logits = penalise(logits, penalised, rows.repetition_penalty)
    # Top-p comes before the temperature, and on logits that it has not touched.
    kept = _top_p(logits, rows.top_p[:, None])
    logits = logits.masked_fill(~kept, -torch.inf)
    return (logits / rows.temperature.clamp(min=_MIN_TEMPERATURE)[:, None]).softmax(dim=-1)


def penalise(logits: Tensor, penalised: Tensor, penalty: Tensor) -> Tensor:
    """Return the logits (B, n), those marked in `penalised` made less likely by `penalty` (B,).

    Once however often the token was drawn. Keskar et al., "CTRL", 2019.
    """
    penalty = penalty[:, None]
    lowered = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(penalised, lowered, logits)


def draw(probs: Tensor, noise: Tensor) -> Tensor:
    """Return a token (B,) for each row of probabilities (B, n), with `noise` from Exp(1) (B, n)."""
    return (probs / noise).argmax(dim=-1)


def marked(places: Tensor, num_tokens: int) -> Tensor:
    """Return (B, num_tokens) bool, true at the row's `places` (B, k); `num_tokens` is nowhere."""
    marks = torch.zeros((len(places), num_tokens + 1), dtype=torch.bool, device=places.device)
    return marks.scatter_(1, places, value=True)[:, :num_tokens]


def _top_p(logits: Tensor, top_p: Tensor) -> Tensor:
    """Tell which tokens stay: the likeliest as long as their sum does not exceed `top_p`.

    The token that crosses it goes, unlike in the common rule; the likeliest always stays.
    """
    # A look at the sums is free on a CPU alone; elsewhere it would wait for the device.
    if logits.device.type == "cpu":
        for num_likely in _NUM_LIKELY:
            if num_likely < logits.shape[1]:
                kept = _top_p_of_likely(logits, top_p, num_likely)
                if kept is not None:
                    return kept
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    return _kept(ordered.softmax(dim=-1), order, top_p, logits)


def _top_p_of_likely(logits: Tensor, top_p: Tensor, num_likely: int) -> Tensor | None:
    """Return the same from the likeliest tokens alone, None if some row keeps more than these."""
    order = logits.topk(num_likely, dim=-1, sorted=False).indices.sort(dim=-1).values
    # Equal logits stay in the order of their ids, as in the stable sort of all.
    ordered, places = logits.gather(1, order).sort(dim=-1, descending=True, stable=True)
    probs = (ordered - logits.logsumexp(dim=-1, keepdim=True)).exp()
    # Which of those equal to the last one are among the likeliest is chance: they decide nothing.
    certain = torch.where(ordered > ordered[:, -1:], probs, 0.0).sum(dim=-1, keepdim=True)
    if not bool((certain > top_p).all()):
        return None
    return _kept(probs, order.gather(1, places), top_p, logits)


def _kept(probs: Tensor, order: Tensor, top_p: Tensor, logits: Tensor) -> Tensor:
    stays = probs.cumsum(dim=-1) <= top_p
    stays[:, 0] = True
    return torch.zeros_like(logits, dtype=torch.bool).scatter_(1, order, stays)
