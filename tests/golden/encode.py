"""h_encode: samples to codes, and what flows in between."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.runners.s1.codec import Codec, Encoder, slots_of
from tests.golden.checkpoint import codec_of, samples_of
from tests.golden.comparison import Comparison, equal, near, read_json

LATENT_TOLERANCE = 5e-5
#: Where the best row is nearer than the second by less than this, rounding may choose either.
SAFE_MARGIN = 1e-4


def compare_encode(folder: Path) -> list[Comparison]:
    """Compare with `h_encode.safetensors` and `h_encode.json` of `folder`."""
    vectors = load_file(folder / "h_encode.safetensors")
    codec = codec_of(folder / "checkpoint")
    cases = read_json(folder / "h_encode.json")
    return [line for case in cases for line in _compare_case(codec, case, vectors)]


def compare_codes(name: str, ours: Tensor, theirs: Tensor, margin: Tensor) -> Comparison:
    """Compare codes (codebooks, frames) where all margins of a frame so far are safe."""
    if ours.shape != theirs.shape:
        return equal(name, ours, theirs)
    safe = (margin >= SAFE_MARGIN).cumprod(0)
    return equal(name, ours * safe, theirs * safe)


def _compare_case(
    codec: Codec, case: dict[str, float], vectors: dict[str, Tensor]
) -> list[Comparison]:
    name = str(case["case"])
    of = {key.partition(".")[2]: tensor for key, tensor in vectors.items() if f"{name}." in key}
    samples = samples_of(of["pcm_s16"])
    codes = codec.encoder.encode(samples)
    latents = codec.encoder.latents(samples)
    margin = _margins(codec.encoder, latents)
    stated = [int(case[key]) for key in ("samples", "frames", "indices_len", "n_unique_semantic")]
    found = [len(samples), codes.shape[1], codes.shape[1], len(set(codes[0].tolist()))]
    unsafe = [int((margin < SAFE_MARGIN).sum())]
    lines = [
        compare_codes(f"h.{name}.codes", codes, of["codes"], of["margin"]),
        near(f"h.{name}.z_pre", latents[:, 0].t(), of["z_pre"], LATENT_TOLERANCE),
        near(f"h.{name}.margin", margin, of["margin"], SAFE_MARGIN),
        near(f"h.{name}.min_margin", margin.min(), torch.tensor(case["min_margin"]), SAFE_MARGIN),
        equal(f"h.{name}.sizes", found, stated),
        equal(f"h.{name}.unsafe", unsafe, [int(case["n_margin_below_1e_4"])]),
    ]
    if "z_encoder" in of:
        ours = _analysed(codec.encoder, samples, latents.shape[0])
        lines.append(near(f"h.{name}.z_encoder", ours, of["z_encoder"], LATENT_TOLERANCE))
    return lines


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


def _margins(encoder: Encoder, latents: Tensor) -> Tensor:
    """Return by how much the best row is nearer than the second, squared: (codebooks, frames)."""
    margins = []
    for stage in encoder._quantizer._stages:
        inner = latents @ stage._in_kernel.t() + stage._in_bias
        nearest = (torch.nn.functional.normalize(inner, dim=-1) @ stage._directions.t()).topk(2)
        margins.append(2 * (nearest.values[..., 0] - nearest.values[..., 1]))
        latents = latents - stage(latents)[1]
    return torch.stack(margins).squeeze(-1)
