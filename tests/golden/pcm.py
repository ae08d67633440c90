"""m_edges, the PCM part: floats to int16, up to the edges of both."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from engine.runners.s1.codec import pcm
from tests.golden.comparison import Comparison, equal
from tests.golden.tensors import GoldenTensors

_STEPS = 2.0**15


def compare_pcm(golden: GoldenTensors, stated: dict[str, Any]) -> Iterator[Comparison]:
    """Compare the samples of `m_edges.safetensors`, and how many of them a mistake would change.

    The original wraps +1.0; everywhere else its result is ours.
    """
    samples = golden["pcm_float"]
    ours = pcm.to_pcm16(samples.clone())
    yield equal("m.pcm_clipped", ours, golden["pcm_clipped"])
    theirs = torch.where(samples < 1.0, ours, _wrapped(samples * _STEPS))
    yield equal("m.pcm_reference", theirs, golden["pcm_reference"])
    for name, count in stated.get("wrong_variants_entries_that_change", {}).items():
        changed = int((_MISTAKES[name](samples) != ours).sum())
        yield equal(f"m.pcm, {name}", changed, count)


def _wrapped(steps: Tensor) -> Tensor:
    return steps.to(torch.int32).to(torch.int16)


def _clipped(steps: Tensor) -> Tensor:
    return steps.clamp(-_STEPS, _STEPS - 1).to(torch.int16)


_MISTAKES: dict[str, Callable[[Tensor], Tensor]] = {
    "round instead of truncate": lambda samples: _clipped((samples * _STEPS).round()),
    "scale 32767": lambda samples: _clipped(samples * (_STEPS - 1)),
    # It is not clipped either.
    "floor": lambda samples: _wrapped((samples * _STEPS).floor()),
}
