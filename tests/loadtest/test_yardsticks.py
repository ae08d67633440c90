"""A machine's memory is counted both ways of a copy, its arithmetic both halves of a product."""

import pytest
import torch

from loadtest import yardsticks


def test_what_a_copy_and_a_product_took_is_what_the_machine_can_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yardsticks, "_COPIED_BYTES", 1_000)
    monkeypatch.setattr(yardsticks, "_SIDE", {"cpu": 10})
    monkeypatch.setattr(yardsticks, "_best_s", lambda *_: 0.5)
    ceiling = yardsticks.measured(torch.device("cpu"), torch.float32)
    assert (ceiling.bytes_per_s, ceiling.flops_per_s) == (4_000, 4_000)
