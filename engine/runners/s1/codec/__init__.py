"""The codec of S1-mini: sound to codes, and codes to sound as a stream."""

from engine.runners.s1.codec.codec import Codec, build_codec, load_codec
from engine.runners.s1.codec.config import CodecConfig, TransformerConfig, read_codec_config
from engine.runners.s1.codec.decoder import Decoder
from engine.runners.s1.codec.encoder import Encoder
from engine.runners.s1.codec.pcm import to_pcm16
from engine.runners.s1.codec.state import CodecState, slots_of
from engine.runners.s1.errors import BadCodecInput, CheckpointError

__all__ = [
    "BadCodecInput",
    "CheckpointError",
    "Codec",
    "CodecConfig",
    "CodecState",
    "Decoder",
    "Encoder",
    "TransformerConfig",
    "build_codec",
    "load_codec",
    "read_codec_config",
    "slots_of",
    "to_pcm16",
]
