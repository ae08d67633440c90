"""The codec of S1-mini: sound to codes and back."""

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.runners.s1.codec.checkpoint import open_checkpoint
from engine.runners.s1.codec.config import CodecConfig, read_codec_config
from engine.runners.s1.codec.decoder import Decoder
from engine.runners.s1.codec.encoder import Encoder
from engine.runners.s1.codec.weights import Weights, WeightSource


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions, and the sizes they have in common."""

    config: CodecConfig
    encoder: Encoder
    decoder: Decoder


def load_codec(folder: Path, device: torch.device, dtype: torch.dtype) -> Codec:
    """Build the codec from a checkpoint folder, every tensor checked.

    Args:
        folder: with codec.safetensors or codec.pth, and codec_dims.json if its sizes are its own.
        device: where both directions run.
        dtype: of the decoder; the encoder runs in float32 at least, since codes are choices.

    Raises:
        CheckpointError: a file is missing or damaged, or a tensor is missing, too many, of another
            shape or kind, or not finite.
    """
    config = read_codec_config(folder)
    checkpoint = open_checkpoint(folder)
    codec = build_codec(config, checkpoint, device, dtype)
    checkpoint.check_all_read()
    return codec


def build_codec(
    config: CodecConfig, source: WeightSource, device: torch.device, dtype: torch.dtype
) -> Codec:
    """Build the codec from any source of weights: see `load_codec`."""
    weights = Weights(source, device, dtype)
    with torch.inference_mode():
        return Codec(config, Encoder(weights, config), Decoder(weights, config))
