"""The codec's dimensions: constants of the release, or those a folder states."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from engine.runner import SAMPLE_RATES_HZ
from engine.runners.s1.codec.dims import Dims, read_dims
from engine.runners.s1.config import NORM_EPSILONS, ROPE_BASES

#: The release has no file for the codec's sizes; other sizes come with this one.
DIMS_FILE = "codec_dims.json"
#: No file states the window of the encoder's transformer, whatever the sizes: 5.9 s at 86 Hz.
ENCODER_WINDOW = 512
#: What a stream remembers grows with these, and no weight has their size. The original's table of
#: positions ends at this window.
_MAX_WINDOW = 4_096
#: Their names come before their weights. The release has nine.
_MAX_CODEBOOKS = 64
#: An encoder block doubles its channels, a decoder block halves them.
_CHANNEL_FACTOR = 2
#: The encoder's transformer multiplies its width by this within a feed-forward layer.
_FEED_FORWARD_FACTOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """A causal transformer whose positions see `window` positions: themselves and those before."""

    num_layers: int
    dim: int
    num_heads: int
    head_dim: int
    intermediate_size: int
    window: int
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecConfig:
    """All sizes of encoder, quantizer and decoder. The default is S1-mini as it was released."""

    sample_rate_hz: int = 44_100
    encoder_dim: int = 64
    encoder_rates: tuple[int, ...] = (2, 4, 8, 8)
    #: The transformer that ends each encoder block, if there is one.
    encoder_transformers: tuple[TransformerConfig | None, ...] = (
        *(None, None, None),
        TransformerConfig(
            num_layers=4,
            dim=1024,
            num_heads=16,
            head_dim=64,
            intermediate_size=3072,
            window=ENCODER_WINDOW,
        ),
    )
    latent_dim: int = 1024
    downsample_factors: tuple[int, ...] = (2, 2)
    pre_module: TransformerConfig = TransformerConfig(
        num_layers=8, dim=1024, num_heads=16, head_dim=64, intermediate_size=3072, window=128
    )
    post_module: TransformerConfig = pre_module
    semantic_codebook_size: int = 4096
    residual_codebook_size: int = 1024
    num_residual_codebooks: int = 9
    codebook_dim: int = 8
    decoder_dim: int = 1536
    decoder_rates: tuple[int, ...] = (8, 8, 4, 2)

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return math.prod(self.encoder_rates) * math.prod(self.downsample_factors)

    @property
    def codebook_sizes(self) -> tuple[int, ...]:
        """Rows of each codebook: the semantic one, then the residual ones."""
        residual = (self.residual_codebook_size,) * self.num_residual_codebooks
        return (self.semantic_codebook_size, *residual)


def read_codec_config(folder: Path) -> CodecConfig:
    """Return the sizes that `folder` states in codec_dims.json, else those of the release.

    Raises:
        CheckpointError: the file cannot be read, lacks a key, or describes another kind of codec.
    """
    file = folder / DIMS_FILE
    return _config(read_dims(file)) if os.path.lexists(file) else CodecConfig()


def _config(dims: Dims) -> CodecConfig:
    quantizer = dims.section("quantizer")
    encoder_dim = dims.size("encoder_dim")
    encoder_rates = dims.sizes("encoder_rates")
    config = CodecConfig(
        sample_rate_hz=dims.size("sample_rate", *SAMPLE_RATES_HZ),
        encoder_dim=encoder_dim,
        encoder_rates=encoder_rates,
        encoder_transformers=_encoder_transformers(dims, encoder_dim, len(encoder_rates)),
        latent_dim=quantizer.size("input_dim"),
        downsample_factors=quantizer.sizes("downsample_factor"),
        pre_module=_window_transformer(quantizer, "pre_module"),
        post_module=_window_transformer(quantizer, "post_module"),
        semantic_codebook_size=quantizer.size("semantic_codebook_size"),
        residual_codebook_size=quantizer.size("codebook_size"),
        num_residual_codebooks=quantizer.size("n_codebooks", most=_MAX_CODEBOOKS),
        codebook_dim=quantizer.size("codebook_dim"),
        decoder_dim=dims.size("decoder_dim"),
        decoder_rates=dims.sizes("decoder_rates"),
    )
    _check(config, dims)
    return config


def _encoder_transformers(
    dims: Dims, encoder_dim: int, num_blocks: int
) -> tuple[TransformerConfig | None, ...]:
    layers = dims.sizes("encoder_transformer_layers", least=0)
    if len(layers) != num_blocks:
        raise dims.error("encoder_transformer_layers", f"has {len(layers)} of {num_blocks} blocks")
    general = dims.section("transformer_general_config")
    head_dim = _head_dim(general)
    _check_no_shared_heads(general)
    rope_base = general.number("rope_base", *ROPE_BASES)
    norm_eps = general.number("norm_eps", *NORM_EPSILONS)
    widths = [encoder_dim * _CHANNEL_FACTOR ** (block + 1) for block in range(num_blocks)]
    for num_layers, width in zip(layers, widths, strict=True):
        if num_layers and width < head_dim:
            raise general.error("head_dim", f"a block has {width} channels, so no head")
    return tuple(
        TransformerConfig(
            num_layers=num_layers,
            dim=width,
            num_heads=width // head_dim,
            head_dim=head_dim,
            intermediate_size=_FEED_FORWARD_FACTOR * width,
            window=ENCODER_WINDOW,
            rope_base=rope_base,
            norm_eps=norm_eps,
        )
        if num_layers
        else None
        for num_layers, width in zip(layers, widths, strict=True)
    )


def _window_transformer(quantizer: Dims, name: str) -> TransformerConfig:
    module = quantizer.section(name)
    config = module.section("config")
    num_heads = config.size("n_head")
    _check_no_shared_heads(config, num_heads)
    for part, key in ((module, "input_dim"), (config, "dim")):
        if part.size(key) != quantizer.size("input_dim"):
            raise part.error(key, "is not the quantizer's input_dim")
    if not module.flag("causal"):
        raise module.error("causal", "must be true: what looks ahead cannot be streamed")
    return TransformerConfig(
        num_layers=config.size("n_layer"),
        dim=config.size("dim"),
        num_heads=num_heads,
        head_dim=_head_dim(config),
        intermediate_size=config.size("intermediate_size"),
        window=module.size("window_size", most=_MAX_WINDOW),
        rope_base=config.number("rope_base", *ROPE_BASES),
        norm_eps=config.number("norm_eps", *NORM_EPSILONS),
    )


def _check_no_shared_heads(transformer: Dims, num_heads: int = -1) -> None:
    if transformer.size("n_local_heads", least=-1) not in {-1, num_heads}:
        raise transformer.error("n_local_heads", "heads that share keys are not supported")


def _head_dim(transformer: Dims) -> int:
    head_dim = transformer.size("head_dim")
    if head_dim % 2:
        raise transformer.error("head_dim", "must be even to be rotated")
    return head_dim


def _check(config: CodecConfig, dims: Dims) -> None:
    widest = config.encoder_dim * _CHANNEL_FACTOR ** len(config.encoder_rates)
    if widest != config.latent_dim:
        raise dims.error("encoder_dim", f"ends at {widest} channels, not at {config.latent_dim}")
    if config.decoder_dim % _CHANNEL_FACTOR ** len(config.decoder_rates):
        raise dims.error("decoder_dim", "cannot be halved by every block")
    decoded = math.prod(config.decoder_rates) * math.prod(config.downsample_factors)
    if decoded != config.frame_samples:
        raise dims.error("decoder_rates", f"make {decoded} of {config.frame_samples} samples")
