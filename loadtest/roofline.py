"""What a frame must cost at least: the bytes it reads and the operations it does, counted.

Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for multicore
architectures", 2009: no stage is faster than its bytes at the memory's bandwidth, nor than its
operations at the rate of the arithmetic. Activations are not counted; they may stay in a cache.
"""

from dataclasses import asdict, dataclass

from engine.runners.s1.codec import CodecConfig
from engine.runners.s1.codec.config import TransformerConfig as WindowConfig
from engine.runners.s1.codec.units import DILATIONS, UNIT_TAPS
from engine.runners.s1.config import DualARConfig, TransformerConfig

#: A multiplication and an addition.
_FLOPS = 2
#: ConvNeXt's hidden layer is wider by this, there and back.
_CONVNEXT = 2 * 4


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a machine can do."""

    bytes_per_s: float
    flops_per_s: float


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage does for one frame of every row of a batch.

    Attributes:
        num_weights: numbers read, once for all rows.
        num_cached: numbers read of what rows remember, all rows together.
        num_products: multiplications, each with an addition, all rows together.
    """

    num_weights: float
    num_cached: float
    num_products: float

    def bound(self, ceiling: Ceiling, itemsize: int) -> dict[str, float]:
        """Return the arithmetic: numbers, bytes and operations, and the ms that each takes."""
        num_bytes = (self.num_weights + self.num_cached) * itemsize
        num_flops = _FLOPS * self.num_products
        bytes_ms = num_bytes / ceiling.bytes_per_s * 1e3
        flops_ms = num_flops / ceiling.flops_per_s * 1e3
        return asdict(self) | {
            "bytes": num_bytes,
            "flops": num_flops,
            "bytes_ms": bytes_ms,
            "flops_ms": flops_ms,
            "bound_ms": max(bytes_ms, flops_ms),
        }


def slow_work(config: DualARConfig, batch: int, context: int) -> Work:
    """Count the slow transformer: its layers, for each row a token that sees `context`."""
    slow = config.slow
    layers = slow.num_layers * _block(slow)
    cached = 2 * slow.num_layers * slow.num_kv_heads * slow.head_dim * context
    seen = 2 * slow.num_layers * slow.num_heads * slow.head_dim * context
    return Work(layers, batch * cached, batch * (layers + seen))


def fast_work(config: DualARConfig, num_scored: int, num_codes: int, batch: int) -> Work:
    """Count the token's scores, and a pass for each further code; the first reads two inputs.

    `num_scored` tokens and `num_codes` codes of each codebook are scored.
    """
    fast = config.fast
    layers = fast.num_layers * _block(fast)
    head, code_head = num_scored * config.slow.dim, num_codes * fast.dim
    num_passes = config.num_codebooks - 1
    weights = head + num_passes * (layers + code_head)
    return Work(weights, 0, batch * (weights + layers))


def codec_work(config: CodecConfig, batch: int, chunk: int) -> Work:
    """Count the decoder, which reads its weights once for `chunk` frames of every row."""
    post = config.post_module
    weights = products = float(post.num_layers * _window_block(post))
    window = 2 * post.num_layers * post.num_heads * post.head_dim * post.window
    positions = 1
    for rate in config.downsample_factors:
        transposed, unit = rate * config.latent_dim**2, _CONVNEXT * config.latent_dim**2
        weights += transposed + unit
        products += positions * transposed + positions * rate * unit
        positions *= rate
    first = UNIT_TAPS * config.latent_dim * config.decoder_dim
    weights, products = weights + first, products + positions * first
    channels = config.decoder_dim
    for rate in config.decoder_rates:
        transposed = 2 * rate * channels * (channels // 2)
        units = len(DILATIONS) * (UNIT_TAPS + 1) * (channels // 2) ** 2
        weights += transposed + units
        products += positions * transposed + positions * rate * units
        channels, positions = channels // 2, positions * rate
    products += positions * channels * UNIT_TAPS
    return Work(weights / chunk, batch * window / chunk, batch * (products + window))


def _block(config: TransformerConfig) -> int:
    attention = config.qkv_dim + config.num_heads * config.head_dim
    return config.dim * (attention + 3 * config.ffn_dim)


def _window_block(config: WindowConfig) -> int:
    return config.dim * (4 * config.num_heads * config.head_dim + 3 * config.intermediate_size)
