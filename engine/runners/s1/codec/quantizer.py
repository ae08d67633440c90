"""Ten codebooks, each for what the ones before left over (residual vector quantisation)."""

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from engine.runners.s1.codec.config import CodecConfig
from engine.runners.s1.codec.weights import Weights

#: The shortest vector that is made one of length 1.
_NORM_FLOOR = 1e-12


class CodeEmbedding:
    """Codes to latents: the sum of what each codebook's row is projected to.

    The projections are done once for all rows, so what is left is a look-up.
    """

    def __init__(self, weights: Weights, config: CodecConfig) -> None:
        sizes = torch.tensor(config.codebook_sizes, device=weights.device)
        self._largest = sizes - 1
        self._first_rows = sizes.cumsum(0) - sizes
        tables = [
            F.linear(
                _codebook(weights, name, size, config), *_out_projection(weights, name, config)
            )
            for name, size in zip(_names(config), config.codebook_sizes, strict=True)
        ]
        self._table = torch.cat(tables).to(weights.dtype)

    def __call__(self, codes: Tensor) -> Tensor:
        """Return (time, batch, latent_dim) for `codes` (batch, codebooks, time)."""
        # A code beyond its codebook is its last row, as in the reference; one below would kill a
        # GPU's context for everybody.
        rows = codes.permute(2, 0, 1).clamp(min=0).minimum(self._largest) + self._first_rows
        return F.embedding(rows, self._table).sum(2, dtype=self._table.dtype)


class Quantizer:
    """Latents to codes: the nearest row by direction, then on with what is left."""

    def __init__(self, weights: Weights, config: CodecConfig) -> None:
        self._stages = [
            QuantizerStage(weights, name, size, config)
            for name, size in zip(_names(config), config.codebook_sizes, strict=True)
        ]

    def __call__(self, latents: Tensor) -> Tensor:
        """Return (batch, codebooks, time) int64 for `latents` (time, batch, latent_dim)."""
        codes = []
        for stage in self._stages:
            chosen, spoken_for = stage(latents)
            codes.append(chosen)
            latents = latents - spoken_for
        return torch.stack(codes).permute(2, 0, 1)


class QuantizerStage:
    """One codebook with its projections into and out of the codebook's few dimensions."""

    def __init__(self, weights: Weights, name: str, size: int, config: CodecConfig) -> None:
        inner, outer = config.codebook_dim, config.latent_dim
        self._in_kernel = weights.exact(f"{name}.in_proj.weight", inner, outer, 1).squeeze(-1)
        self._in_bias = weights.exact(f"{name}.in_proj.bias", inner)
        self._out = _out_projection(weights, name, config)
        self._codebook = _codebook(weights, name, size, config)
        self._directions = F.normalize(self._codebook, dim=-1, eps=_NORM_FLOOR)

    def __call__(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the nearest rows (time, batch), and what they stand for (time, batch, latent)."""
        inner = F.linear(latents, self._in_kernel, self._in_bias)
        # Between vectors of length 1 the nearest is the one with the largest product; the first of
        # equal ones. The length of `inner` changes no order.
        chosen = F.linear(inner, self._directions).argmax(-1)
        return chosen, F.linear(F.embedding(chosen, self._codebook), *self._out)


def _names(config: CodecConfig) -> list[str]:
    residual = [f"quantizer.quantizer.quantizers.{k}" for k in range(config.num_residual_codebooks)]
    return ["quantizer.semantic_quantizer.quantizers.0", *residual]


def _codebook(weights: Weights, name: str, size: int, config: CodecConfig) -> Tensor:
    return weights.exact(f"{name}.codebook.weight", size, config.codebook_dim)


def _out_projection(weights: Weights, name: str, config: CodecConfig) -> tuple[Tensor, Tensor]:
    kernel = weights.exact(f"{name}.out_proj.weight", config.latent_dim, config.codebook_dim, 1)
    return kernel.squeeze(-1), weights.exact(f"{name}.out_proj.bias", config.latent_dim)
