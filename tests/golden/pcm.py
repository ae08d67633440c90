"""m_edges, the PCM part: floats to int16, up to the edges of both."""

from collections.abc import Iterator

import torch

from engine.runners.s1.codec import pcm
from tests.golden.comparison import Comparison, equal
from tests.golden.tensors import GoldenTensors


def compare_pcm(golden: GoldenTensors) -> Iterator[Comparison]:
    """Compare the samples of `m_edges.safetensors`.

    The original wraps +1.0; everywhere else its result is ours.
    """
    samples = golden["pcm_float"]
    ours = pcm.to_pcm16(samples.clone())
    yield equal("m.pcm_clipped", ours, golden["pcm_clipped"])
    wrapped = (samples * 2.0**15).to(torch.int32).to(torch.int16)
    theirs = torch.where(samples < 1.0, ours, wrapped)
    yield equal("m.pcm_reference", theirs, golden["pcm_reference"])
