"""Sound to codes, for reference recordings: the mirror of the decoder, in float32."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.runners.s1.codec.config import CodecConfig, TransformerConfig
from engine.runners.s1.codec.convolution import StridedConv, load_causal_conv
from engine.runners.s1.codec.history import HistoryLayout
from engine.runners.s1.codec.quantizer import Quantizer
from engine.runners.s1.codec.snake import Snake
from engine.runners.s1.codec.state import CodecState, slots_of
from engine.runners.s1.codec.transformer import WindowTransformer
from engine.runners.s1.codec.units import DILATIONS, UNIT_TAPS, ConvNeXt, ResidualUnit
from engine.runners.s1.codec.weights import Weights
from engine.runners.s1.codec.window import AttentionWindow
from engine.runners.s1.errors import BadCodecInput

#: Frames encoded in one go: 0.74 s. A minute at once would need gigabytes for the first blocks.
PIECE_FRAMES = 16
#: A block's strided convolution reads two outputs' worth of inputs for each.
_DOWNSAMPLING_REACH = 2
#: Taps of the convolution that ends the encoder.
_LAST_TAPS = 3


class Encoder:
    """Makes a frame of codes of every `frame_samples` samples."""

    def __init__(self, weights: Weights, config: CodecConfig) -> None:
        weights = weights.exactly()
        layout = HistoryLayout()
        self._config = config
        self._device, self._dtype = weights.device, weights.dtype
        self._analyser = Analyser(weights, layout, config)
        self._downsampling = [
            DownsamplingStage(
                weights, layout, f"quantizer.downsample.{stage}", config.latent_dim, rate
            )
            for stage, rate in enumerate(config.downsample_factors)
        ]
        self._pre_module = WindowTransformer(weights, "quantizer.pre_module", config.pre_module)
        self._quantizer = Quantizer(weights, config)
        self._history_width = layout.width

    @torch.inference_mode()
    def encode(self, samples: Tensor, checkpoint: Callable[[], None] = lambda: None) -> Tensor:
        """Encode a recording; silence completes its last frame.

        Args:
            samples: (n,) float within [-1, 1], mono, at the codec's rate.
            checkpoint: called before every piece of `PIECE_FRAMES`; what it raises ends the work.

        Returns:
            (codebooks, ⌈n / frame_samples⌉) int64.

        Raises:
            BadCodecInput: there are no samples, or they are of another shape or kind, or infinite.
        """
        latents = self.latents(samples, checkpoint)
        return self._quantizer(latents)[0]

    @torch.inference_mode()
    def latents(self, samples: Tensor, checkpoint: Callable[[], None] = lambda: None) -> Tensor:
        """Return what is quantised of a recording: (frames, 1, latent_dim). See `encode`."""
        _check(samples)
        frame_samples = self._config.frame_samples
        num_frames = -(-len(samples) // frame_samples)
        x = torch.zeros(num_frames * frame_samples, 1, 1, device=self._device, dtype=self._dtype)
        x[: len(samples), 0, 0] = samples
        state = self._new_state()
        step = PIECE_FRAMES * frame_samples
        pieces = []
        for start in range(0, len(x), step):
            checkpoint()
            pieces.append(self._advance(x[start : start + step], state))
        return torch.cat(pieces)

    def _advance(self, x: Tensor, state: CodecState) -> Tensor:
        """(samples, 1, 1) becomes (frames, 1, latent_dim)."""
        slots = slots_of([0], self._device)
        *windows, last_window = state.windows
        x = self._analyser(x, slots, state.history, windows)
        for stage in self._downsampling:
            x = stage(x, state.history)
        return self._pre_module(x, slots, last_window)

    def _new_state(self) -> CodecState:
        history = torch.zeros(1, self._history_width, device=self._device, dtype=self._dtype)
        windows = [
            self._window(transformer, num_positions)
            for transformer, num_positions in self._analyser.transformers(PIECE_FRAMES)
        ]
        last = self._window(self._config.pre_module, PIECE_FRAMES)
        return CodecState(history, (*windows, last), PIECE_FRAMES)

    def _window(self, config: TransformerConfig, num_positions: int) -> AttentionWindow:
        return AttentionWindow.empty(config, 1, num_positions, self._device, self._dtype)


class Analyser:
    """Samples to latents: blocks that shorten time and double the channels."""

    def __init__(self, weights: Weights, layout: HistoryLayout, config: CodecConfig) -> None:
        name, num_blocks = "encoder.block", len(config.encoder_rates)
        self._config = config
        self._first = load_causal_conv(
            weights, layout, f"{name}.0.conv",
            channels_in=1, channels_out=config.encoder_dim, taps=UNIT_TAPS,
        )  # fmt: skip
        self._blocks = [
            EncoderBlock(weights, layout, f"{name}.{i + 1}", config.encoder_dim << i, rate)
            for i, rate in enumerate(config.encoder_rates)
        ]
        self._transformers = [
            None
            if transformer is None
            else WindowTransformer(weights, f"{name}.{i + 1}.block.5", transformer)
            for i, transformer in enumerate(config.encoder_transformers)
        ]
        self._snake = Snake(weights, f"{name}.{num_blocks + 1}", config.latent_dim)
        self._last = load_causal_conv(
            weights, layout, f"{name}.{num_blocks + 2}.conv",
            channels_in=config.latent_dim, channels_out=config.latent_dim, taps=_LAST_TAPS,
        )  # fmt: skip

    def transformers(self, num_frames: int) -> list[tuple[TransformerConfig, int]]:
        """Return each transformer's sizes, and how many positions it sees of `num_frames`."""
        positions = num_frames * self._config.frame_samples
        found = []
        for rate, transformer in zip(
            self._config.encoder_rates, self._config.encoder_transformers, strict=True
        ):
            positions //= rate
            if transformer is not None:
                found.append((transformer, positions))
        return found

    def __call__(
        self, x: Tensor, slots: Tensor, history: Tensor, windows: list[AttentionWindow]
    ) -> Tensor:
        """(samples, batch, 1) becomes (time, batch, latent_dim)."""
        remaining = iter(windows)
        x = self._first(x, history)
        for block, transformer in zip(self._blocks, self._transformers, strict=True):
            x = block(x, history)
            if transformer is not None:
                x = transformer(x, slots, next(remaining))
        return self._last(x, history, self._snake)


class EncoderBlock:
    """Refines positions, then makes one of `rate` and doubles the channels."""

    def __init__(
        self, weights: Weights, layout: HistoryLayout, name: str, channels: int, rate: int
    ) -> None:
        self._units = [
            ResidualUnit(weights, layout, f"{name}.block.{i}", channels=channels, dilation=dilation)
            for i, dilation in enumerate(DILATIONS)
        ]
        self._snake = Snake(weights, f"{name}.block.3", channels)
        self._conv = StridedConv(
            weights, layout, f"{name}.block.4.conv",
            channels_in=channels, channels_out=2 * channels,
            taps=_DOWNSAMPLING_REACH * rate, stride=rate,
        )  # fmt: skip

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, channels) becomes (time/rate, batch, 2·channels)."""
        for unit in self._units:
            x = unit(x, history)
        return self._conv(self._snake(x), history)


class DownsamplingStage:
    """Makes one latent of several."""

    def __init__(
        self, weights: Weights, layout: HistoryLayout, name: str, dim: int, rate: int
    ) -> None:
        self._conv = StridedConv(
            weights, layout, f"{name}.0.conv",
            channels_in=dim, channels_out=dim, taps=rate, stride=rate,
        )  # fmt: skip
        self._unit = ConvNeXt(weights, layout, f"{name}.1", dim=dim)

    def __call__(self, x: Tensor, history: Tensor) -> Tensor:
        """(time, batch, dim) becomes (time/rate, batch, dim)."""
        return self._unit(self._conv(x, history), history)


def _check(samples: Tensor) -> None:
    if samples.dim() != 1 or not samples.is_floating_point() or not len(samples):
        shape = tuple(samples.shape)
        raise BadCodecInput(f"samples are {samples.dtype} {shape}, not floats (n,)")
    if not samples.isfinite().all():
        raise BadCodecInput("samples are not finite")
