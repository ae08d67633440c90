"""h_encode: samples to codes, and what flows in between."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from engine.runners.s1.codec import Codec, Encoder, slots_of
from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, equal, near, read_json
from tests.golden.tensors import GoldenTensors

LATENT_TOLERANCE = 5e-5
#: Where the best row is nearer than the second by less than this, rounding may choose either.
SAFE_MARGIN = 1e-4


def compare_encode(folder: Path) -> Iterator[Comparison]:
    """Compare with `h_encode.safetensors` and `h_encode.json` of `folder`."""
    golden = GoldenTensors(folder / "h_encode.safetensors")
    codec = codec_of(folder / "checkpoint")
    for case in read_json(folder / "h_encode.json"):
        yield from _compare_case(codec, case, golden)
    yield golden.all_read("h")


def compare_codes(name: str, ours: Tensor, theirs: Tensor, margin: Tensor) -> Comparison:
    """Compare codes (codebooks, frames) where all margins of a frame so far are safe."""
    if ours.shape != theirs.shape:
        return equal(name, ours, theirs)
    safe = (margin >= SAFE_MARGIN).cumprod(0)
    return equal(name, ours * safe, theirs * safe)


def margins(encoder: Encoder, latents: Tensor) -> Tensor:
    """Return by how much the best row is nearer than the second, squared: (codebooks, frames)."""
    found = []
    for stage in encoder._quantizer._stages:
        inner = latents @ stage._in_kernel.t() + stage._in_bias
        nearest = (torch.nn.functional.normalize(inner, dim=-1) @ stage._directions.t()).topk(2)
        found.append(2 * (nearest.values[..., 0] - nearest.values[..., 1]))
        latents = latents - stage(latents)[1]
    return torch.stack(found).squeeze(-1)


def _compare_case(
    codec: Codec, case: dict[str, float], golden: GoldenTensors
) -> Iterator[Comparison]:
    name = case["case"]
    samples = samples_of(golden[f"{name}.pcm_s16"])
    codes = codec.encoder.encode(samples)
    latents = codec.encoder.latents(samples)
    margin, theirs = margins(codec.encoder, latents), golden[f"{name}.margin"]
    stated = [int(case[key]) for key in ("samples", "frames", "indices_len", "n_unique_semantic")]
    found = [len(samples), codes.shape[1], codes.shape[1], len(set(codes[0].tolist()))]
    unsafe = [int((margin < SAFE_MARGIN).sum())]
    yield compare_codes(f"h.{name}.codes", codes, golden[f"{name}.codes"], theirs)
    yield near(f"h.{name}.z_pre", latents[:, 0].t(), golden[f"{name}.z_pre"], LATENT_TOLERANCE)
    yield near(f"h.{name}.margin", margin, theirs, SAFE_MARGIN)
    smallest = torch.tensor(case["min_margin"])
    yield near(f"h.{name}.min_margin", margin.min(), smallest, SAFE_MARGIN)
    yield equal(f"h.{name}.sizes", found, stated)
    yield equal(f"h.{name}.unsafe", unsafe, [int(case["n_margin_below_1e_4"])])
    if f"{name}.z_encoder" in golden:
        ours = _analysed(codec.encoder, samples, latents.shape[0])
        yield near(f"h.{name}.z_encoder", ours, golden[f"{name}.z_encoder"], LATENT_TOLERANCE)


def _analysed(encoder: Encoder, samples: Tensor, num_frames: int) -> Tensor:
    """Return what leaves the convolutional encoder, all in one call: (channels, time)."""
    padded = torch.zeros(num_frames * encoder._config.frame_samples, 1, 1)
    padded[: len(samples), 0, 0] = samples
    history = torch.zeros(1, encoder._history_width)
    windows = [
        encoder._window(config, positions)
        for config, positions in encoder._analyser.transformers(num_frames)
    ]
    return encoder._analyser(padded, slots_of([0], encoder._device), history, windows)[:, 0].t()
