"""The released sizes with random weights speak for as long as they are asked to."""

import pytest
import torch

from engine.runners.s1 import random_model
from engine.runners.s1.sampling import SamplingRows, probabilities
from tests.engine.s1.codec.tiny import CPU, TINY

#: The width and the codes are the release's: on them it depends how much stands above an end.
_SMALL = {
    "vocab_size": 4_400,
    "n_layer": 1,
    "n_head": 2,
    "n_local_heads": 1,
    "head_dim": 32,
    "intermediate_size": 64,
    "n_fast_layer": 1,
    "num_codebooks": 2,
}
_NUM_STATES = 500
#: What the release draws by, which a bench leaves as it is.
_TEMPERATURE = _TOP_P = 0.8


@torch.inference_mode()
def test_an_end_has_no_chance_after_any_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_model, "RELEASED", random_model.RELEASED | _SMALL)
    monkeypatch.setattr(random_model, "CodecConfig", lambda: TINY)
    model = random_model.random_model(CPU, torch.float32)
    head = model.language_model.head
    states = torch.randn(_NUM_STATES, 1_024, generator=torch.Generator().manual_seed(0))
    logits = head(states)
    parameters = (_TEMPERATURE, _TOP_P, 1.0)
    rows = SamplingRows(*(torch.full((_NUM_STATES,), value) for value in parameters))
    chances = probabilities(logits, torch.zeros_like(logits, dtype=torch.bool), rows)
    assert float(chances[:, head.token_ids == model.tokenizer.im_end_id].sum()) == 0.0
