"""Draws: exact short cuts, and marks that lie where they should."""

import math

import pytest
import torch

from engine.runners.s1 import sampling
from engine.runners.s1.sampling import SamplingRows, draw, marked, probabilities


def rows(batch: int, *, temperature: float = 0.8, top_p: float = 0.8) -> SamplingRows:
    return SamplingRows(
        temperature=torch.full((batch,), temperature),
        top_p=torch.full((batch,), top_p),
        repetition_penalty=torch.full((batch,), 1.3),
    )


def logits_with_ties(seed: int, spread: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    # In steps of bfloat16 many are equal, as they are in production.
    return (torch.randn(3, 3_000, generator=generator) * spread).bfloat16().float()


@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0, 10.0])
@pytest.mark.parametrize("top_p", [1e-6, 0.3, 0.8, 0.999, 1.0])
def test_the_likely_tokens_alone_lead_to_the_same_probabilities(
    spread: float, top_p: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = logits_with_ties(0, spread)
    penalised = marked(torch.tensor([[0, 5], [3_000, 9], [7, 7]]), 3_000)
    short = probabilities(logits, penalised, rows(3, top_p=top_p))
    monkeypatch.setattr(sampling, "_NUM_LIKELY", ())
    whole = probabilities(logits, penalised, rows(3, top_p=top_p))
    assert torch.equal(short, whole)


def test_a_row_does_not_feel_that_a_neighbour_keeps_too_many() -> None:
    logits = torch.cat((logits_with_ties(3, 6.0), torch.zeros(1, 3_000)))
    nothing = torch.zeros_like(logits, dtype=torch.bool)
    together = probabilities(logits, nothing, rows(4))
    assert torch.equal(together[:3], probabilities(logits[:3], nothing[:3], rows(3)))


def test_rows_do_not_touch_each_other() -> None:
    logits = logits_with_ties(1, 4.0)
    nothing = torch.zeros_like(logits, dtype=torch.bool)
    together = probabilities(logits, nothing, rows(3))
    for row in range(3):
        one = probabilities(logits[row : row + 1], nothing[:1], rows(1))
        assert torch.equal(one[0], together[row])


def test_all_tokens_stay_at_a_top_p_of_one_however_their_sum_is_rounded() -> None:
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(64, 3_000, generator=generator) * 3
    parameters = rows(64, temperature=2.0, top_p=1.0)
    nothing = torch.zeros_like(logits, dtype=torch.bool)
    expected = (logits.double() / 2).softmax(dim=-1)
    assert (probabilities(logits, nothing, parameters) - expected).abs().max() < 1e-6
    assert (probabilities(logits, nothing, parameters) > 0).all()


def test_temperature_zero_takes_the_likeliest() -> None:
    logits = logits_with_ties(2, 1.0)
    nothing = torch.zeros_like(logits, dtype=torch.bool)
    probs = probabilities(logits, nothing, rows(3, temperature=0.0, top_p=1.0))
    assert probs.isfinite().all()
    noise = torch.ones_like(probs)
    assert torch.equal(draw(probs, noise), logits.argmax(dim=-1))


def test_a_place_beyond_the_last_marks_nothing() -> None:
    marks = marked(torch.tensor([[0, 4, 4], [2, 2, 3]]), 4)
    assert marks.tolist() == [[True, False, False, False], [False, False, True, True]]


def test_draws_follow_the_probabilities() -> None:
    probs = torch.tensor([[0.5, 0.3, 0.2, 0.0]]).expand(20_000, -1)
    noise = torch.empty(20_000, 4).exponential_(1, generator=torch.Generator().manual_seed(0))
    counts = draw(probs, noise).bincount(minlength=4) / 20_000
    # Five standard deviations.
    assert (counts - probs[0]).abs().max() < 5 * math.sqrt(0.25 / 20_000)
    assert counts[3] == 0
