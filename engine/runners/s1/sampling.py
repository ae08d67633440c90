"""From logits to a draw, as the original does it; the order of its steps matters."""

from dataclasses import dataclass

import torch
from torch import Tensor

#: Temperatures below this are raised to it: the original's way to be greedy.
_MIN_TEMPERATURE = 1e-5
#: A CPU sorts a full vocabulary in 14 ms a row. What top-p keeps is nearly always among so many of
#: the likeliest tokens, and finding these takes a tenth; where it is not, everything is sorted.
_NUM_LIKELY = (256, 2_048)
#: Sums of probabilities taken in another order differ by less.
_ROUNDING = 1e-4


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

    The token that crosses it goes, unlike in the common rule; the likeliest always stays. At 1 all
    stay: by a rounded sum it would hang on the batch which of the least likely go.
    """
    probs = logits.softmax(dim=-1)
    order = _likely_first(logits, probs, top_p)
    stays = probs.gather(1, order).cumsum(dim=-1) <= top_p
    stays[:, 0] = True
    return (top_p >= 1).expand_as(logits).scatter(1, order, stays | (top_p >= 1))


def _likely_first(logits: Tensor, probs: Tensor, top_p: Tensor) -> Tensor:
    """Return tokens (B, k), the likeliest first, that hold all that stay: a few, or all there are.

    Of a row in which every token stays, some.
    Equal ones come in the order of their ids. So the sums are the same to the last bit either way,
    and a row does not feel it when a neighbour needs all.
    """
    # A look at the sums is free on a CPU alone; elsewhere it would wait for the device.
    sizes = _NUM_LIKELY if logits.device.type == "cpu" else ()
    for num_likely in sizes:
        if num_likely < logits.shape[1]:
            ordered, order = _likeliest(logits, num_likely)
            # Which of those equal to the last are among them is chance: they decide nothing.
            certain = probs.gather(1, order) * (ordered > ordered[:, -1:])
            is_enough = certain.sum(dim=-1, keepdim=True) > top_p + _ROUNDING
            if bool((is_enough | (top_p >= 1)).all()):
                return order
    return logits.sort(dim=-1, descending=True, stable=True).indices


def _likeliest(logits: Tensor, num_likely: int) -> tuple[Tensor, Tensor]:
    """Return the logits and the ids (B, num_likely) of the likeliest tokens, in order."""
    ids = logits.topk(num_likely, dim=-1, sorted=False).indices.sort(dim=-1).values
    ordered, places = logits.gather(1, ids).sort(dim=-1, descending=True, stable=True)
    return ordered, ids.gather(1, places)
