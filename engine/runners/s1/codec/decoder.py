"""Codes to sound, frame by frame: exact, without look-ahead, for many streams at once."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from engine.runners.s1.codec.config import CodecConfig
from engine.runners.s1.codec.convolution import TransposedConv, load_causal_conv
from engine.runners.s1.codec.history import HistoryLayout
from engine.runners.s1.codec.quantizer import CodeEmbedding
from engine.runners.s1.codec.snake import Snake
from engine.runners.s1.codec.state import CodecState
from engine.runners.s1.codec.transformer import WindowTransformer
from engine.runners.s1.codec.units import DILATIONS, UNIT_TAPS, ConvNeXt, ResidualUnit
from engine.runners.s1.codec.weights import Weights
from engine.runners.s1.codec.window import AttentionWindow
from engine.runners.s1.errors import BadCodecInput

#: A block's transposed convolution reads two inputs for each output.
_UPSAMPLING_REACH = 2


class Decoder:
    """Makes `frame_samples` samples of each frame of codes, the moment the frame is there."""

    def __init__(self, weights: Weights, config: CodecConfig) -> None:
        layout = HistoryLayout()
        self._config = config
        self._device, self._dtype = weights.device, weights.dtype
        self._exact_dtype = weights.exact_dtype
        self._embedding = CodeEmbedding(weights, config)
        self._post_module = WindowTransformer(weights, "quantizer.post_module", config.post_module)
        self._upsampling = [
            UpsamplingStage(weights, layout, f"quantizer.upsample.{stage}", config.latent_dim, rate)
            for stage, rate in enumerate(config.downsample_factors)
        ]
        self._generator = Generator(weights, layout, config)
        self._history_width = layout.width

    @property
    def device(self) -> torch.device:
        """Where it runs: codes, slots and states are there."""
        return self._device

    @property
    def num_codebooks(self) -> int:
        """Codes of one frame."""
        return len(self._config.codebook_sizes)

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return self._config.frame_samples

    def new_state(self, num_slots: int, max_frames: int) -> CodecState:
        """Return the state of `num_slots` streams at their beginning."""
        window = AttentionWindow.empty(
            self._config.post_module, num_slots, max_frames, self._device, self._dtype
        )
        history = torch.zeros(
            num_slots, self._history_width, device=self._device, dtype=self._exact_dtype
        )
        return CodecState(history, (window,), max_frames)

    def decode(self, codes: Tensor, slots: Tensor, state: CodecState) -> Tensor:
        """Decode the next frames of some streams: see `draft`, whose streams have gone on."""
        samples, go_on = self.draft(codes, slots, state)
        go_on()
        return samples

    @torch.inference_mode()
    def draft(
        self, codes: Tensor, slots: Tensor, state: CodecState
    ) -> tuple[Tensor, Callable[[], None]]:
        """Decode the next frames of some streams, which go on only once that is called for.

        So whoever finds no memory for what it makes of the samples can decode them again.

        Args:
            codes: (batch, codebooks, frames) integers, not negative; one beyond its codebook counts
                as its last row.
            slots: (batch,) int64, the slot of each row, no two the same.
            state: of this decoder; the rows of `slots` go on, all others are left alone.

        Returns:
            (batch, frames · frame_samples) float32 within [-1, 1], and what lets the streams go
            on, for which there is memory.

        Raises:
            BadCodecInput: the shapes do not fit, or there are more frames than `state` allows.
        """
        self._check(codes, slots, state)
        history = state.history[slots]
        (window,) = state.windows
        ahead = replace(window, positions=window.positions.clone())
        x = self._embedding(codes)
        x = self._post_module(x, slots, ahead)
        for stage in self._upsampling:
            x = stage(x, history)
        x = self._generator(x, history)

        def go_on() -> None:
            window.positions.copy_(ahead.positions)
            state.history[slots] = history

        return x.squeeze(2).t().contiguous(), go_on

    def _check(self, codes: Tensor, slots: Tensor, state: CodecState) -> None:
        num_codebooks = self.num_codebooks
        if codes.dim() != 3 or codes.shape[1] != num_codebooks or codes.is_floating_point():  # noqa: PLR2004 - the axes named below
            shape = tuple(codes.shape)
            raise BadCodecInput(
                f"codes are {codes.dtype} {shape}, not integers (batch, {num_codebooks}, frames)"
            )
        if slots.shape != codes.shape[:1]:
            raise BadCodecInput(f"{len(codes)} rows of codes have slots {tuple(slots.shape)}")
        if not 1 <= codes.shape[2] <= state.max_frames:
            raise BadCodecInput(f"{codes.shape[2]} frames in a call for 1 to {state.max_frames}")


class UpsamplingStage:
    """Makes several latents of one."""

    def __init__(
        self, weights: Weights, layout: HistoryLayout, name: str, dim: int, rate: int
    ) -> None:
        self._conv = TransposedConv(
            weights, layout, f"{name}.0.conv",
            channels_in=dim, channels_out=dim, taps=rate, stride=rate,
        )  # fmt: skip
        self._unit = ConvNeXt(weights, layout, f"{name}.1", dim=dim)

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, dim) becomes (time·rate, batch, dim)."""
        return self._unit(self._conv(x, history), history)


class Generator:
    """Latents to samples: blocks that lengthen time and halve the channels."""

    def __init__(self, weights: Weights, layout: HistoryLayout, config: CodecConfig) -> None:
        name, num_blocks = "decoder.model", len(config.decoder_rates)
        self._first = load_causal_conv(
            weights, layout, f"{name}.0.conv",
            channels_in=config.latent_dim, channels_out=config.decoder_dim, taps=UNIT_TAPS,
        )  # fmt: skip
        self._blocks = [
            DecoderBlock(weights, layout, f"{name}.{i + 1}", config.decoder_dim >> i, rate)
            for i, rate in enumerate(config.decoder_rates)
        ]
        channels = config.decoder_dim >> num_blocks
        self._snake = Snake(weights, f"{name}.{num_blocks + 1}", channels)
        # Its outputs are the samples: bfloat16 has 8 bits, and 16 are heard.
        self._last = load_causal_conv(
            weights.exactly(), layout, f"{name}.{num_blocks + 2}.conv",
            channels_in=channels, channels_out=1, taps=UNIT_TAPS,
        )  # fmt: skip

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, latent_dim) becomes (samples, batch, 1)."""
        x = self._first(x, history)
        for block in self._blocks:
            x = block(x, history)
        return self._last(x, history, self._snake).tanh_()


class DecoderBlock:
    """Makes `rate` positions of one and halves the channels, then refines them."""

    def __init__(
        self, weights: Weights, layout: HistoryLayout, name: str, channels: int, rate: int
    ) -> None:
        self._snake = Snake(weights, f"{name}.block.0", channels)
        self._conv = TransposedConv(
            weights, layout, f"{name}.block.1.conv",
            channels_in=channels, channels_out=channels // 2,
            taps=_UPSAMPLING_REACH * rate, stride=rate,
        )  # fmt: skip
        self._units = [
            ResidualUnit(
                weights, layout, f"{name}.block.{i + 2}", channels=channels // 2, dilation=dilation
            )
            for i, dilation in enumerate(DILATIONS)
        ]

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, channels) becomes (time·rate, batch, channels/2)."""
        x = self._conv(x, history, self._snake)
        for unit in self._units:
            x = unit(x, history)
        return x
