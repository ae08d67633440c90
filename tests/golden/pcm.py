"""m_edges, the PCM part: floats to int16, up to the edges of both."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from engine.runners.s1.codec import to_pcm16
from tests.golden.comparison import Comparison, equal


def compare_pcm(folder: Path) -> list[Comparison]:
    """Compare with `m_edges.safetensors` of `folder`.

    The original wraps +1.0; everywhere else its result is ours.
    """
    vectors = load_file(folder / "m_edges.safetensors")
    ours = to_pcm16(vectors["pcm_float"])
    fits = vectors["pcm_float"] < 1.0
    theirs = torch.where(fits, vectors["pcm_reference"], vectors["pcm_clipped"])
    return [
        equal("m.pcm_clipped", ours, vectors["pcm_clipped"]),
        equal("m.pcm_reference", ours, theirs),
    ]
