"""Mistakes that an implementation of the codec could make, each planted by patching one thing."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from engine.runners.s1 import decoding
from engine.runners.s1.codec import convolution, pcm, quantizer, transformer, units
from engine.runners.s1.codec.checkpoint import Checkpoint
from engine.runners.s1.codec.convolution import CausalConv, parted_kernel
from engine.runners.s1.codec.quantizer import QuantizerStage
from engine.runners.s1.codec.snake import Snake
from engine.runners.s1.codec.weights import Weights
from engine.runners.s1.codec.window import AttentionWindow, View

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


def half_split_rotary(patch: Patch) -> None:
    def turned(x: Tensor, rows: Tensor) -> Tensor:
        pairs = torch.complex(*x.chunk(2, dim=-1)) * rows.unsqueeze(-2)
        return torch.cat((pairs.real, pairs.imag), dim=-1)

    patch.setattr(transformer, "rotate", turned)


def unrounded_rotary_table(patch: Patch) -> None:
    def rows(positions: Tensor, head_dim: int, base: float) -> Tensor:
        exponents = torch.arange(0, head_dim, 2) / head_dim
        angles = positions[..., None] / base**exponents
        return torch.complex(angles.cos(), angles.sin())

    patch.setattr(transformer, "rotary_rows", rows)


def window_of(change: Callable[[int], int]) -> Plant:
    def plant(patch: Patch) -> None:
        look = AttentionWindow.look

        def changed(self: AttentionWindow, slots: Tensor, num_new: int, window: int) -> View:
            return look(self, slots, num_new, change(window))

        patch.setattr(AttentionWindow, "look", changed)

    return plant


def no_layer_scale(patch: Patch) -> None:
    def unscaled(weights: Weights, name: str, linear: Tensor) -> Tensor:
        weights.exact(f"{name}.gamma", len(linear))
        return linear

    patch.setattr(transformer, "_scaled", unscaled)


def snake_without_amplitude(patch: Patch) -> None:
    init = Snake.__init__

    def changed(self: Snake, weights: Weights, name: str, channels: int) -> None:
        init(self, weights, name, channels)
        self._amplitude = torch.ones_like(self._amplitude)

    patch.setattr(Snake, "__init__", changed)


def transposed_conv_cropped_on_the_left(patch: Patch) -> None:
    """What is left then is the same sum with both inputs swapped, an input later."""
    patch.setattr(
        convolution, "parted_kernel", lambda kernel, stride: parted_kernel(kernel, stride).flip(2)
    )


def transposed_conv_cropped_on_both_sides(patch: Patch) -> None:
    """What is left then lies half of the cropped samples later."""

    def shifted(kernel: Tensor, stride: int) -> Tensor:
        return parted_kernel(kernel.roll((kernel.shape[2] - stride) // 2, 2), stride)

    patch.setattr(convolution, "parted_kernel", shifted)


def convolution_padded_on_both_sides(patch: Patch) -> None:
    def padded(
        self: CausalConv, x: Tensor, history: Tensor, activation: Snake | None = None
    ) -> Tensor:
        y = x if activation is None else activation(x)
        before = self._span.num_positions
        padding = (0, 0, 0, 0, before // 2, before - before // 2)
        return self._convolve(F.pad(y, padding).contiguous() + 0 * history.sum())

    patch.setattr(CausalConv, "__call__", padded)


def weight_norm_by_output_channel(patch: Patch) -> None:
    read = Checkpoint.read

    def changed(self: Checkpoint, name: str, shape: tuple[int, ...]) -> Tensor:
        layer = name.removesuffix(".weight")
        if not (
            layer.startswith("decoder") and layer.endswith(".block.1.conv") and len(layer) < 30
        ):
            return read(self, name, shape)
        gain = read(self, f"{layer}.parametrizations.weight.original0", (shape[0], 1, 1))
        direction = read(self, f"{layer}.parametrizations.weight.original1", shape)
        folded: Tensor = gain * direction / direction.norm(dim=(0, 2), keepdim=True)
        return folded

    patch.setattr(Checkpoint, "read", changed)


def euclidean_look_up(patch: Patch) -> None:
    def nearest(self: QuantizerStage, latents: Tensor) -> tuple[Tensor, Tensor]:
        inner = F.linear(latents, self._in_kernel, self._in_bias)
        chosen = torch.cdist(inner, self._codebook).argmin(-1)
        return chosen, F.linear(F.embedding(chosen, self._codebook), *self._out)

    patch.setattr(QuantizerStage, "__call__", nearest)


def normalised_code_vectors(patch: Patch) -> None:
    codebook = quantizer._codebook
    patch.setattr(quantizer, "_codebook", lambda *a: F.normalize(codebook(*a), dim=-1))


def tanh_gelu(patch: Patch) -> None:
    gelu = F.gelu
    patch.setattr(F, "gelu", lambda x: gelu(x, approximate="tanh"))


def larger_layer_norm_eps(patch: Patch) -> None:
    patch.setattr(units, "_LAYER_NORM_EPS", 1e-5)


def pcm_by(rule: Callable[[Tensor], Tensor]) -> Plant:
    def plant(patch: Patch) -> None:
        for module in (pcm, decoding):
            patch.setattr(module, "to_pcm16", lambda x: rule(x).to(torch.int16))

    return plant
